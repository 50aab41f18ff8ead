"""The local runner beside `sam local start-api`, in one run: what somebody who writes code waits for.

Run it by `make desk`, which builds the layer first: it needs Docker and takes up to four minutes. Writes docs/desk.md,
between its markers.

All work on a copy of the project below .aws-sam/desk, whose files are changed to see how soon a save is answered with
the new code, and on the same tables, those of the runner's MiniStack. One client asks, with the same code on one
connection (`sam local` closes it after each answer). `sam local` runs as SAM CLI has it by default, a container for
each request, and with containers that stay, as `make sam-local` runs it.
"""

import contextlib
import http.client
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from tests.sam import containers
from tests.sam.containers import IMAGE, Backend, Sam
from tests.support import ROOT

DESK = ROOT / ".aws-sam" / "desk"
PAGE = ROOT / "docs" / "desk.md"
_START, _END = "<!-- measured by make desk -->", "<!-- end of what make desk measured -->"
# Everything comes from one address: without this, the limits would be what is measured.
_MULTIPLIER = "100000"
_CONNECTIONS = 4
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.005
# On a busy machine fewer requests have to do.
_FEWEST, _LATENCY_SECONDS = 3, 12.0


@dataclass(frozen=True)
class Route:
    """A request, and the status it is answered with."""

    method: str
    path: str
    status: int = 200
    body: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


HEALTH = Route("GET", "/api/health")
ROUTES = (
    HEALTH,
    Route("GET", "/api/auth/me"),
    # Last: its mails are delivered while what comes next is measured.
    Route("POST", "/api/contact", 201, '{"name": "Ada", "email": "ada@example.com", "message": "Hello."}'),
)


@dataclass
class Figures:
    """What was measured of one contender: milliseconds by route, answers a second by route, seconds of the rest."""

    latency: dict[Route, list[float]] = field(default_factory=dict)
    rate: dict[Route, float] = field(default_factory=dict)
    start: list[float] = field(default_factory=list)
    second_start: list[float] = field(default_factory=list)
    handler: list[float] = field(default_factory=list)
    layer: list[float] = field(default_factory=list)
    # Answers other than 200 between a save and the first one of the new code.
    failures: int = 0


class Client:
    """Asks on one connection, and makes a new one where the server has closed it."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WAIT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, route: Route) -> Any:
        """Give the JSON of an answer. Raises OSError for any other status than the route's."""
        headers = self._headers | ({"Content-Type": "application/json"} if route.body else {})
        self._connection.request(route.method, route.path, route.body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != route.status:
            raise OSError(f"{route} was answered with {answer.status}: {content.decode(errors='replace')}")
        return json.loads(content)


@dataclass(frozen=True)
class Effort:
    """How much to ask: requests of each route, seconds at several connections, saves of a handler."""

    requests: int
    seconds: float
    saves: int


def main() -> int:
    """Measure, and write down what came out."""
    if not containers.is_here(IMAGE) or not (ROOT / ".aws-sam" / "build" / "template.yaml").is_file():
        print(f"This needs a Docker engine with {IMAGE}, and what `make build` makes.", file=sys.stderr)
        return 1
    # Asked to end, it ends what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    copy_project()
    try:
        runner, cold, warm = Figures(), Figures(), Figures()
        with measured_runner(runner) as backend:
            token = sign_in(backend)
            measure("the runner", runner, backend.port, token, Effort(requests=400, seconds=3, saves=10))
            say("the runner: 10 saves of a module of the layer")
            for number in range(10):
                save_in_layer(runner, backend.port, number)
            sam = sam_local(backend)
            with started(sam, "warm", warm) as port:
                measure("sam local, warm containers", warm, port, token, Effort(requests=60, seconds=3, saves=3))
            with started(sam, "cold", cold) as port:
                measure("sam local, default", cold, port, token, Effort(requests=6, seconds=6, saves=3))
                say("sam local, default: a save in the layer, which has to be built")
                save_in_layer(cold, port, 0, build)
        measured = tables({"runner": runner, "cold": cold, "warm": warm}, time.monotonic() - began)
        before, _, rest = PAGE.read_text().partition(_START)
        PAGE.write_text(f"{before}{_START}\n{measured}{_END}{rest.partition(_END)[2]}")
        print(measured)
    finally:
        shutil.rmtree(DESK, ignore_errors=True)
    return 0


def say(text: str) -> None:
    print(text, flush=True)


# What is measured ----------------------------------------------------------------------------------


def copy_project() -> None:
    """Copy what the template is made of, as it is and as built; a build of the copy uses the project's Python."""
    shutil.rmtree(DESK, ignore_errors=True)
    for folder in ("functions", "layers", "operations"):
        shutil.copytree(ROOT / folder, DESK / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".aws-sam" / "build", DESK / ".aws-sam" / "build")
    shutil.copy(ROOT / "template.yaml", DESK)
    (DESK / ".venv").symlink_to(ROOT / ".venv")


@contextlib.contextmanager
def measured_runner(figures: Figures) -> Iterator[Backend]:
    """Keep the runner running, after starts with and without data of before."""
    for number in range(3):
        say(f"the runner: first and second start, {number + 1} of 3")
        data = DESK / f"data-{number}"
        for times in (figures.start, figures.second_start):
            with runner(data, times):
                pass
    with runner(data, []) as backend:
        yield backend


@contextlib.contextmanager
def runner(data: Path, times: list[float]) -> Iterator[Backend]:
    began = time.monotonic()
    template = str(DESK / "template.yaml")
    with containers.backend(data, "--template", template, RATE_LIMIT_MULTIPLIER=_MULTIPLIER) as backend:
        Client(backend.port).ask(HEALTH)
        times.append(time.monotonic() - began)
        yield backend


def sam_local(backend: Backend) -> Sam:
    """Give SAM CLI with the copy, and with no settings but the processor and the limits."""
    settings = DESK / "samconfig.toml"
    parameters = json.dumps(["Architecture=x86_64", f"RateLimitMultiplier={_MULTIPLIER}"])
    settings.write_text(f"version = 0.1\n[default.global.parameters]\nparameter_overrides = {parameters}\n")
    template = DESK / ".aws-sam" / "build" / "template.yaml"
    return replace(containers.sam_local(template, backend, DESK / "variables.json"), config=settings)


@contextlib.contextmanager
def started(sam: Sam, kind: str, figures: Figures) -> Iterator[int]:
    """Keep `sam local start-api` running."""
    say(f"sam local, {kind} containers: start")
    began = time.monotonic()
    with sam.serve("start-api", containers.free_port(), DESK / f"{kind}.log", warm=kind == "warm") as port:
        Client(port).ask(HEALTH)
        figures.start.append(time.monotonic() - began)
        yield port


def sign_in(backend: Backend) -> str:
    form = json.dumps({"email": backend.admin_email, "password": backend.admin_password})
    token: str = Client(backend.port).ask(Route("POST", "/api/auth/login", 200, form))["token"]
    return token


def measure(name: str, figures: Figures, port: int, token: str, effort: Effort) -> None:
    """Save a handler, then ask: each route alone, then at several connections."""
    say(f"{name}: {effort.saves} saves of a handler")
    for number in range(effort.saves):
        save_handler(figures, port, number)
    for route in ROUTES:
        say(f"{name}: {route}, {effort.requests} requests, then {effort.seconds} s at {_CONNECTIONS} connections")
        Client(port, token).ask(route)
        figures.latency[route] = latency(Client(port, token), route, effort.requests)
        figures.rate[route] = rate(port, token, route, effort.seconds)


def latency(client: Client, route: Route, number: int) -> list[float]:
    """Ask one after the other; give the milliseconds of each."""
    times: list[float] = []
    deadline = time.perf_counter() + _LATENCY_SECONDS
    while len(times) < number and (len(times) < _FEWEST or time.perf_counter() < deadline):
        began = time.perf_counter()
        client.ask(route)
        times.append((time.perf_counter() - began) * 1000)
    return times


def rate(port: int, token: str, route: Route, seconds: float) -> float:
    """Ask at several connections for so long; give the answers a second."""
    ends: list[float] = []
    began = time.monotonic()

    def ask() -> None:
        client = Client(port, token)
        while time.monotonic() < began + seconds:
            client.ask(route)
            ends.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ends) / (max(ends) - began)


def save_handler(figures: Figures, port: int, number: int) -> None:
    """Save a handler, and note how long it takes until it is the new one that answers."""
    file = DESK / "functions" / "health" / "app.py"
    text = f"as saved {number}"
    began = time.monotonic()
    write(file, re.sub(r'"status": ".*?"', f'"status": "{text}"', file.read_text()))
    wait(figures, port, lambda data: data["status"] == text)
    figures.handler.append(time.monotonic() - began)


def save_in_layer(figures: Figures, port: int, number: int, then: Callable[[], None] = lambda: None) -> None:
    """Save a module of the layer and do what it takes; note how long until it is the new one that answers."""
    text = f"0.0.{number}"
    began = time.monotonic()
    write(DESK / "layers" / "shared" / "shared" / "__init__.py", f'"""As saved."""\n\n__version__ = "{text}"\n')
    then()
    wait(figures, port, lambda data: data["version"] == text)
    figures.layer.append(time.monotonic() - began)


def write(file: Path, source: str) -> None:
    """Save as editors do: there is never half a file."""
    written = file.with_name(f".{file.name}")
    written.write_text(source)
    written.replace(file)


def wait(figures: Figures, port: int, is_new: Callable[[Mapping[str, Any]], bool]) -> None:
    """Ask until the answer is new."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if is_new(Client(port).ask(HEALTH)["data"]):
                return
        except OSError:
            figures.failures += 1
        time.sleep(_POLL_SECONDS)
    raise TimeoutError("the code of before still answers")


def build() -> None:
    """Build the copy, as a change of the layer requires before `sam local` sees it."""
    sam = str(Path(sys.executable).with_name("sam"))
    options = ["--config-file", str(DESK / "samconfig.toml"), "--build-dir", str(DESK / ".aws-sam" / "build")]
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(
        [sam, "build", "--template", str(DESK / "template.yaml"), *options],
        cwd=DESK,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"The copy could not be built:\n{done.stderr}")


# What is written -----------------------------------------------------------------------------------


def tables(figures: Mapping[str, Figures], seconds: float) -> str:
    """Give the measured part of the page."""
    runner, cold, warm = figures["runner"], figures["cold"], figures["warm"]
    tools = {name: version(name) for name in ("aws-sam-cli", "werkzeug", "botocore")}
    tools["Docker"] = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    ).stdout.strip()
    versions = ", ".join(f"{name} {number}" for name, number in tools.items())
    load, today = os.getloadavg()[0], datetime.now(UTC).date().isoformat()
    where = f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        "",
        f"Measured on {today} in {seconds:.0f} s: {where}; {versions}; `{IMAGE}`. Load at the end: {load:.1f}.",
        "",
        "### One request after the other",
        "",
        "| ms: median, 99th percentile | runner | `sam local`, default | warm | default / runner | warm / runner |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for route in ROUTES:
        times = [each.latency[route] for each in (runner, cold, warm)]
        cells = [f"{shown(median(each))}, {shown(percentile(each, 99))}" for each in times]
        ratios = [f"**{shown(median(each) / median(times[0]))}**" for each in times[1:]]
        lines.append(f"| `{route}` | {' | '.join(cells + ratios)} |")
    asked = [min(map(len, each.latency.values())) for each in (runner, cold, warm)]
    lines += [
        "",
        f"At least {asked[0]}, {asked[1]} and {asked[2]} requests of each; of less than 100, the slowest is given.",
        "",
        f"### Answers a second, at {_CONNECTIONS} connections",
        "",
        "| | runner | `sam local`, default | `sam local`, warm |",
        "|---|--:|--:|--:|",
        *(
            f"| `{route}` | {' | '.join(shown(each.rate[route]) for each in (runner, cold, warm))} |"
            for route in ROUTES
        ),
        "",
        "### Waiting",
        "",
        "| s: median (slowest) | runner | `sam local`, default | `sam local`, warm |",
        "|---|--:|--:|--:|",
        row("first start to the first answer", [runner.start, cold.start, warm.start]),
        row("second start to the first answer", [runner.second_start, [], []]),
        row("a handler is saved, until it answers", [runner.handler, cold.handler, warm.handler]),
        row("a module of the layer is saved, until it answers", [runner.layer, cold.layer, []]),
        f"| requests that failed meanwhile | {runner.failures} | {cold.failures} | {warm.failures} |",
        "",
        "`sam local` starts alike each time. A save in the layer includes the `sam build` that it takes.",
        "",
    ]
    return "\n".join(lines)


def shown(number: float) -> str:
    digits = 0 if number >= 100 else 1 if number >= 10 else 2  # noqa: PLR2004  # three figures that count
    return f"{number:,.{digits}f}"


def row(what: str, measured: list[list[float]]) -> str:
    cells = [f"{shown(median(times))} ({shown(max(times))})" if times else "" for times in measured]
    return f"| {what} | {' | '.join(cells)} |"


def percentile(times: list[float], percent: int) -> float:
    """Give the nearest rank."""
    return sorted(times)[ceil(len(times) * percent / 100) - 1]


def processor() -> str:
    """Give the processor's name."""
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
