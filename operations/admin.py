"""`make admin EMAIL=…`: an administrator who can sign in, made with your own AWS credentials. No endpoint does this.

The password is asked for, or read from ADMIN_PASSWORD where there is no terminal; it is never an argument, which other
users of the machine could see. Done again, it sets the password anew and ends the account's sessions.
"""

import argparse
import getpass
import os
import sys

from operations.stack import OperationError, Stack


def main(stack: Stack, email: str) -> None:
    """Make the administrator. Raises OperationError when something is to be put right first."""
    stack.take_environment("RegisterFunction")
    # The package reads its settings from the environment that has just been taken.
    from shared.accounts import lifecycle  # noqa: PLC0415
    from shared.core.errors import Error  # noqa: PLC0415
    from shared.values import emails, passwords  # noqa: PLC0415

    try:
        address = emails.parse(email)
    except ValueError as problem:
        raise OperationError(f"EMAIL {problem}: make admin EMAIL=you@example.com") from None
    password = _password()
    try:
        passwords.check(password, email=address, name="Administrator")
        lifecycle.ensure_admin(address, password)
    except Error as problem:
        raise OperationError(f"{problem}.") from problem
    print(f"{address} can sign in as an administrator:\n  {stack.outputs()['ApiUrl']}/api/auth/login")


def _password() -> str:
    if "ADMIN_PASSWORD" in os.environ:
        return os.environ["ADMIN_PASSWORD"]
    if not sys.stdin.isatty():
        raise OperationError("There is no terminal to ask for a password: set ADMIN_PASSWORD.")
    password = getpass.getpass("Password for the administrator: ")
    if getpass.getpass("Once more: ") != password:
        raise OperationError("The two are different. Nothing was changed; run it again.")
    return password


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make admin", description="Make an administrator who can sign in.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("email")
    arguments = parser.parse_args()
    try:
        main(Stack.of_stage(arguments.stage), arguments.email)
    except OperationError as problem:
        sys.exit(str(problem))
