"""`make sync`: write everything that is derived from handlers and template; with `--check`, name what is stale.

Written from the code: docs/openapi.json, the events, the README's table of routes, the privileges page and the list of
operations of the TypeScript client. Recorded by tests, which compare otherwise: the statuses of the events
(events/expected.json) and the packages that each function imports (tests/functions/imports.json).
"""

import argparse
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from operations import privileges
from scaffold import client, document, events, readme
from scaffold.routes import ROOT, Route, configure, routes

EVENTS = ROOT / "events"
_RECORDING_TESTS = ("tests/sam/test_events.py", "tests/functions/test_imports.py")


def derived(found: list[Route]) -> dict[Path, str]:
    """Return the text of each file that is derived from these routes and from the template."""
    built = document.build(found)
    return {
        document.FILE: document.text(built),
        **{
            EVENTS / route.folder / f"{verb}.json": _json(events.event(route.path, verb, operation))
            for route in found
            for verb, operation in built["paths"][route.path].items()
        },
        readme.FILE: readme.updated(readme.FILE.read_text(encoding="utf-8"), found, built),
        privileges.PAGE: privileges.page(privileges.all_permissions()),
        **({client.OPERATIONS: client.operations(built)} if client.FOLDER.exists() else {}),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def superfluous(files: dict[Path, str]) -> Iterator[Path]:
    """Yield the events of operations that do not exist any more. Those of jobs are written by hand."""
    for file in sorted(EVENTS.glob("*/**/*.json")):
        if file not in files and not file.is_relative_to(EVENTS / "jobs"):
            yield file


def main() -> int:
    """Write or check, as the command line says. Return the exit status."""
    parser = argparse.ArgumentParser(prog="make sync", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    check = parser.parse_args().check
    configure()
    # SAM warns about features of its own.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    return run(check=check)


def run(*, check: bool) -> int:
    """Write what is stale, or name it. Return the exit status."""
    files = derived(routes())
    changed = [file for file, text in files.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    removed = list(superfluous(files))
    for file in changed + removed:
        what = "is stale" if check else "deleted" if file in removed else "written"
        print(f"{file.relative_to(ROOT)} {what}")
    if not check:
        for file in changed:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[file], encoding="utf-8")
        for file in removed:
            file.unlink()
    recorded = _record(check=check)
    if check and (changed or removed or not recorded):
        print("Derived files are stale. Next: make sync", file=sys.stderr)
        return 1
    return 0 if recorded else 1


def _record(*, check: bool) -> bool:
    """Let the tests compare, or accept, what they record. Return whether they passed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *_RECORDING_TESTS]
    environment = dict(os.environ) if check else {**os.environ, "SYNC": "accept"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
