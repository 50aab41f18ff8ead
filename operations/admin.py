"""`make admin EMAIL=…`: create an administrator with your own AWS credentials. No endpoint can do this.

The password is prompted for, or read from ADMIN_PASSWORD when there is no terminal. It is never an argument, because
other users of the machine can see those. Running it again replaces the password, removes the account's second factors
and ends its sessions.
"""

import argparse
import getpass
import os
import sys

from operations.stack import OperationError, Stack


def main(stack: Stack, email: str) -> None:
    """Create the administrator. Raises OperationError for anything the operator has to fix first."""
    stack.load_environment("RegisterFunction")
    # The package reads its settings from the environment loaded above.
    from shared.accounts import lifecycle  # noqa: PLC0415
    from shared.core.errors import Error  # noqa: PLC0415
    from shared.values import emails, passwords  # noqa: PLC0415

    try:
        address = emails.parse(email)
    except ValueError as problem:
        raise OperationError(f"EMAIL {problem}: make admin EMAIL=you@example.com") from None
    password = _read_password()
    try:
        passwords.check(password, email=address, name="Administrator")
        lifecycle.ensure_admin(address, password)
    except Error as problem:
        raise OperationError(f"{problem}.") from problem
    print(f"{address} can now sign in as an administrator:\n  {stack.outputs()['ApiUrl']}/api/auth/login")


def _read_password() -> str:
    if "ADMIN_PASSWORD" in os.environ:
        return os.environ["ADMIN_PASSWORD"]
    if not sys.stdin.isatty():
        raise OperationError("No terminal to prompt for a password: set ADMIN_PASSWORD.")
    password = getpass.getpass("Password for the administrator: ")
    if getpass.getpass("Repeat the password: ") != password:
        raise OperationError("The passwords differ. Nothing was changed; run it again.")
    return password


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make admin", description="Create an administrator who can sign in.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("email")
    arguments = parser.parse_args()
    try:
        main(Stack.of_stage(arguments.stage), arguments.email)
    except OperationError as problem:
        sys.exit(str(problem))
