"""`make endpoint`, `make resource`, `make remove`: change the project, or show what would change (DRY=1)."""

import argparse
import subprocess
import sys
from collections.abc import Iterable

from scaffold.endpoint import add_block, add_endpoint, has_handler, remove_endpoint
from scaffold.names import ScaffoldError, Url
from scaffold.plan import Plan
from scaffold.resource import add_resource, parse, parse_names, parse_rights, remove_resource
from scaffold.routes import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Carry out the command line. Return the exit status."""
    given = _parser().parse_args(arguments)
    plan = Plan()
    left: list[str] = []
    block_only = False
    try:
        match given.command:
            case "endpoint":
                block_only = _plan_endpoint(plan, given)
            case "resource":
                rights = parse_rights(given.owner, given.read, given.write)
                add_resource(plan, parse(given.name, given.plural, given.fields, given.by, rights))
            case _ if given.name:
                remove_resource(plan, parse_names(given.name, given.plural))
            case _:
                left = remove_endpoint(plan, Url.parse(given.url))
        if given.dry:
            sys.stdout.writelines(plan.diff())
            return 0
        _print(plan.apply(only_planned_files=block_only))
    except ScaffoldError as error:
        print(error, file=sys.stderr)
        return 1
    if left:
        print("These still name the path:")
        _print(f"  {line}" for line in left)
    return _sync()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scaffold", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    endpoint = commands.add_parser("endpoint", help="add an endpoint")
    endpoint.add_argument("url")
    endpoint.add_argument("--verbs", required=True)
    endpoint.add_argument("--for", dest="who", default="caller")
    resource = commands.add_parser("resource", help="add records with a table and two endpoints")
    resource.add_argument("name")
    for option in ("fields", "owner", "read", "write", "by"):
        resource.add_argument(f"--{option}", default="")
    remove = commands.add_parser("remove", help="remove an endpoint, or a resource")
    remove.add_argument("url", nargs="?", default="")
    remove.add_argument("--name", default="")
    for command in (resource, remove):
        command.add_argument("--plural", default="")
    for command in (endpoint, resource, remove):
        command.add_argument("--dry", action="store_true", help="show the changes, and make none")
    return parser


def _sync() -> int:
    """Write what follows, in a process of its own, which imports the handlers as they are now. Return its status."""
    status = subprocess.run([sys.executable, "-m", "scaffold.sync"], cwd=ROOT, check=False).returncode
    if status:
        print("The files are written, but not what follows from them. Next: correct them, make sync", file=sys.stderr)
    return status


def _plan_endpoint(plan: Plan, given: argparse.Namespace) -> bool:
    """Plan an endpoint, or only the block of a handler that exists. Return whether it is the block only."""
    url = Url.parse(given.url)
    verbs = given.verbs.replace(",", " ").split()
    if not verbs and has_handler(url):
        add_block(plan, url, given.who)
        return True
    add_endpoint(plan, url, verbs, given.who)
    return False


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
