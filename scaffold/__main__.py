"""`make endpoint`, `make remove`: change the project, or show what would change (DRY=1)."""

import argparse
import subprocess
import sys
from collections.abc import Iterable

from scaffold.endpoint import add_block, add_endpoint, has_handler, remove_endpoint
from scaffold.names import ScaffoldError, Url
from scaffold.plan import Plan
from scaffold.routes import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Carry out the command line. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scaffold", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    endpoint = commands.add_parser("endpoint", help="add an endpoint")
    endpoint.add_argument("url")
    endpoint.add_argument("--verbs", required=True)
    endpoint.add_argument("--for", dest="who", default="caller")
    remove = commands.add_parser("remove", help="remove an endpoint")
    remove.add_argument("url")
    for command in (endpoint, remove):
        command.add_argument("--dry", action="store_true", help="show the changes, and make none")
    given = parser.parse_args(arguments)
    plan = Plan()
    left: list[str] = []
    adds_block = False
    try:
        url = Url.parse(given.url)
        if given.command == "endpoint":
            verbs = given.verbs.replace(",", " ").split()
            adds_block = not verbs and has_handler(url)
            if adds_block:
                add_block(plan, url, given.who)
            else:
                add_endpoint(plan, url, verbs, given.who)
        else:
            left = remove_endpoint(plan, url)
        if given.dry:
            sys.stdout.writelines(plan.diff())
            return 0
        _print(plan.apply(among_others=adds_block))
    except ScaffoldError as error:
        print(error, file=sys.stderr)
        return 1
    if left:
        print("These still name the path:")
        _print(f"  {line}" for line in left)
    # In a process of its own, which imports the handlers as they are now.
    return subprocess.run([sys.executable, "-m", "scaffold.sync"], cwd=ROOT, check=False).returncode


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
