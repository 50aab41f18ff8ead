"""`python -m local`: serve the template's API on this machine. `--help` lists the options."""

import argparse
import os
import signal
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from types import FrameType

from local import PROJECT
from local.aws.credentials import FILE_NAME as CREDENTIALS_FILE
from local.aws.rotation import PROXY_KEY
from local.console import Console
from local.data import DIRECTORY
from local.errors import RunnerError, is_disk_full
from local.runner import Options, Runner
from local.settings import FILE_NAME as SETTINGS


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit status."""
    # Warnings are for the authors of libraries. With PYTHONWARNINGS=error, one would end the runner.
    warnings.simplefilter("ignore")
    console = Console()
    try:
        options = _options()
    except RunnerError as problem:
        console.error(str(problem))
        return 2
    # Whatever the runner and its processes write is for this user's eyes only.
    os.umask(0o077)
    stop = threading.Event()
    received: list[int] = []
    starting = True

    def handle_signal(number: int, _frame: FrameType | None) -> None:
        if received:
            # A second signal exits at once. Every acknowledged change is on disk (`local.aws.durable`).
            os._exit(128 + number)
        received.append(number)
        stop.set()
        if starting:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle_signal)
    signal.signal(signal.SIGTERM, handle_signal)
    runner = Runner(options, console, stop.set)
    try:
        runner.start()
        starting = False
        _welcome(options, runner, console)
        stop.wait()
    except RunnerError as problem:
        console.error(str(problem))
        return 1
    except OSError as problem:
        if not is_disk_full(problem):
            raise
        console.error(f"The disk with {options.data} is full. Free some room, and start again.")
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        starting = False
        runner.stop()
    console.print(f"Stopped. The data is kept in {options.data}.")
    if received:
        return 130 if received == [signal.SIGINT] else 0
    return 1 if runner.has_failed else 0


def _options() -> Options:
    environment = os.environ
    parser = argparse.ArgumentParser(
        prog="python -m local", description="Serve the template's API on this machine, without Docker."
    )
    parser.add_argument("--template", type=Path, default=PROJECT / "template.yaml", help="default: template.yaml")
    parser.add_argument(
        "--port", default=environment.get("PORT", "3000"), help="port of the API; default: PORT or 3000"
    )
    parser.add_argument("--aws-port", default="0", help="port of MiniStack; default: any free port")
    parser.add_argument(
        "--data", type=Path, default=_short(DIRECTORY), help="directory of the local data; default: .local"
    )
    parser.add_argument(
        "--settings", type=Path, help=f"file of this machine's settings; default: {SETTINGS} beside the template"
    )
    parser.add_argument(
        "--ministack-python",
        type=Path,
        default=_short(PROJECT / ".venv-ministack/bin/python"),
        help=argparse.SUPPRESS,
    )
    parser.add_argument(
        "--parameter-overrides", nargs="*", default=[], metavar="KEY=VALUE", help="values for the template's parameters"
    )
    arguments = parser.parse_args()
    parameters = dict(_pair(text) for text in arguments.parameter_overrides)
    if multiplier := environment.get("RATE_LIMIT_MULTIPLIER"):
        parameters.setdefault("RateLimitMultiplier", multiplier)
    template = arguments.template.resolve()
    return Options(
        template=template,
        settings=arguments.settings or template.with_name(SETTINGS),
        data=arguments.data,
        ministack_python=arguments.ministack_python,
        port=_port(arguments.port),
        aws_port=_port(arguments.aws_port),
        parameters=parameters,
        admin_email=environment.get("LOCAL_ADMIN_EMAIL") or "admin@example.com",
        admin_password=environment.get("LOCAL_ADMIN_PASSWORD") or None,
    )


def _short(path: Path) -> Path:
    """Return the path relative to the working directory if it is below that, as it is printed."""
    current = Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise RunnerError(f"--parameter-overrides {text}: write each parameter as Key=Value.")
    return key, value


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004
        raise RunnerError(f"{text!r} is not a port. Use a number from 0 to 65535.")
    return int(text)


def _welcome(options: Options, runner: Runner, console: Console) -> None:
    address = runner.address
    console.print()
    console.title(
        f"{address} serves {options.template.name}. Press Ctrl-C to stop; the data is kept in {options.data}."
    )
    console.print(f"  Emails, requests, routes  {address}/_local/")
    console.print(f"  Pages that may call it    {runner.origins}")
    console.print(f"  AWS (MiniStack)           {runner.endpoint}  credentials: {options.data / CREDENTIALS_FILE}")
    if runner.has_proxy_key:
        console.print(f"  Proxy key                 {PROXY_KEY}")
    if runner.admin_password is None:
        return
    console.print(f"  Admin                     {options.admin_email}  {runner.admin_password}")
    console.print()
    console.print("For a tour, paste this into another terminal:")
    console.print()
    tour = Path(__file__).with_name("tour.sh").read_text(encoding="utf-8")
    values = {"@API@": address, "@ADMIN_EMAIL@": options.admin_email, "@ADMIN_PASSWORD@": runner.admin_password}
    for name, value in values.items():
        tour = tour.replace(name, value)
    console.print(textwrap.indent(tour, "  "))


if __name__ == "__main__":
    sys.exit(main())
