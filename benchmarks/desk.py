"""The local runner beside `sam local start-api`, in one run: how long a developer waits.

Run by `make desk`, which builds the layer first; needs Docker and takes up to four minutes. Writes docs/desk.md,
between its markers.

All contenders work on a copy of the project below .aws-sam/desk, whose files are changed to measure how soon a save is
live, and on the same tables, those of the runner's MiniStack. One client calls them with the same code on one
connection (`sam local` closes it after each response). `sam local` runs with SAM CLI's defaults, a container per
request, and with warm containers, as `make sam-local` runs it.
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
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import page
from benchmarks.page import ROOT, shown
from tests.sam import containers
from tests.sam.containers import IMAGE, Backend, Sam

DESK = ROOT / ".aws-sam" / "desk"
# All calls come from one address: with the usual rate limits, the limits would be measured.
_MULTIPLIER = "100000"
_CONNECTIONS = 4
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.005
# On a busy machine fewer requests have to suffice.
_FEWEST, _LATENCY_SECONDS = 3, 12.0
# The aims: the median of a request as a multiple of the runner's, and the seconds until a save is live.
_AIM_RATIO, _AIM_SAVE = 100, 1.0


class Route(NamedTuple):
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
    # Last: its emails are delivered while the next measurement runs.
    Route("POST", "/api/contact", 201, '{"name": "Ada", "email": "ada@example.com", "message": "Hello."}'),
)


@dataclass
class Figures:
    """The figures of one contender: milliseconds and responses per second by route, seconds for the rest."""

    latency: dict[Route, list[float]] = field(default_factory=dict)
    rate: dict[Route, float] = field(default_factory=dict)
    start: list[float] = field(default_factory=list)
    second_start: list[float] = field(default_factory=list)
    handler: list[float] = field(default_factory=list)
    layer: list[float] = field(default_factory=list)
    # Responses other than 200 between a save and the first response of the new code.
    failures: int = 0


class Client:
    """Calls on one connection, and opens a new one if the server has closed it."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WAIT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, route: Route) -> Any:
        """Return the JSON of a response. Raises OSError for any other status than the route's."""
        headers = self._headers | ({"Content-Type": "application/json"} if route.body else {})
        self._connection.request(route.method, route.path, route.body, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != route.status:
            raise OSError(f"{route} was answered with {response.status}: {content.decode(errors='replace')}")
        return json.loads(content)


class Effort(NamedTuple):
    """How much to measure: requests of each route, seconds at several connections, saves of a handler."""

    requests: int
    seconds: float
    saves: int


def main() -> int:
    """Measure, and write the page."""
    if not containers.is_here(IMAGE) or not (ROOT / ".aws-sam" / "build" / "template.yaml").is_file():
        print(f"`make desk` needs a Docker engine with {IMAGE}, and the layer built by `make build`.", file=sys.stderr)
        return 1
    # On SIGTERM, end what was started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    copy_project()
    try:
        runner, cold, warm = Figures(), Figures(), Figures()
        with measured_runner(runner) as backend:
            token = sign_in(backend)
            measure("the runner", runner, backend.port, token, Effort(requests=400, seconds=3, saves=10))
            progress("the runner: 10 saves of a module of the layer")
            for number in range(10):
                save_in_layer(runner, backend.port, number)
            sam = sam_local(backend)
            with started(sam, "warm", warm) as port:
                measure("sam local, warm containers", warm, port, token, Effort(requests=60, seconds=3, saves=3))
            with started(sam, "cold", cold) as port:
                measure("sam local, default", cold, port, token, Effort(requests=6, seconds=6, saves=3))
                progress("sam local, default: a save in the layer, which has to be built")
                save_in_layer(cold, port, 0, build)
        page.write("desk", tables(runner, cold, warm, time.monotonic() - began))
    finally:
        shutil.rmtree(DESK, ignore_errors=True)
    return 0


def progress(text: str) -> None:
    print(text, flush=True)


# What is measured ----------------------------------------------------------------------------------


def copy_project() -> None:
    """Copy the sources and the build of the template; a build of the copy uses the project's Python."""
    shutil.rmtree(DESK, ignore_errors=True)
    for folder in ("functions", "layers", "operations"):
        shutil.copytree(ROOT / folder, DESK / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".aws-sam" / "build", DESK / ".aws-sam" / "build")
    shutil.copy(ROOT / "template.yaml", DESK)
    (DESK / ".venv").symlink_to(ROOT / ".venv")


@contextlib.contextmanager
def measured_runner(figures: Figures) -> Iterator[Backend]:
    """Run the runner, after measuring starts without and with existing data."""
    for number in range(3):
        progress(f"the runner: first and second start, {number + 1} of 3")
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
    """Return SAM CLI for the copy, without settings other than the processor and the rate limits."""
    settings = DESK / "samconfig.toml"
    parameters = json.dumps(["Architecture=x86_64", f"RateLimitMultiplier={_MULTIPLIER}"])
    settings.write_text(f"version = 0.1\n[default.global.parameters]\nparameter_overrides = {parameters}\n")
    template = DESK / ".aws-sam" / "build" / "template.yaml"
    return Sam(template, backend.variables, settings)


@contextlib.contextmanager
def started(sam: Sam, kind: str, figures: Figures) -> Iterator[int]:
    """Run `sam local start-api`."""
    progress(f"sam local, {kind} containers: start")
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
    """Save a handler, then call each route: one request after the other, then at several connections."""
    progress(f"{name}: {effort.saves} saves of a handler")
    for number in range(effort.saves):
        save_handler(figures, port, number)
    for route in ROUTES:
        progress(f"{name}: {route}, {effort.requests} requests, then {effort.seconds} s at {_CONNECTIONS} connections")
        Client(port, token).ask(route)
        figures.latency[route] = latency(Client(port, token), route, effort.requests)
        figures.rate[route] = rate(port, token, route, effort.seconds)


def latency(client: Client, route: Route, number: int) -> list[float]:
    """Send one request after the other; return the milliseconds of each."""
    times: list[float] = []
    deadline = time.perf_counter() + _LATENCY_SECONDS
    while len(times) < number and (len(times) < _FEWEST or time.perf_counter() < deadline):
        began = time.perf_counter()
        client.ask(route)
        times.append((time.perf_counter() - began) * 1000)
    return times


def rate(port: int, token: str, route: Route, seconds: float) -> float:
    """Call at several connections for a while; return the responses per second."""
    began = time.monotonic()

    def ask(_: int) -> list[float]:
        client, ends = Client(port, token), []
        while time.monotonic() < began + seconds:
            client.ask(route)
            ends.append(time.monotonic())
        return ends

    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        ends = [end for each in threads.map(ask, range(_CONNECTIONS)) for end in each]
    return len(ends) / (max(ends) - began)


def save_handler(figures: Figures, port: int, number: int) -> None:
    """Save a handler, and measure the time until the new code answers."""
    file = DESK / "functions" / "health" / "app.py"
    text = f"as saved {number}"
    began = time.monotonic()
    write(file, re.sub(r'"status": ".*?"', f'"status": "{text}"', file.read_text()))
    wait(figures, port, lambda data: data["status"] == text)
    figures.handler.append(time.monotonic() - began)


def save_in_layer(figures: Figures, port: int, number: int, then: Callable[[], None] = lambda: None) -> None:
    """Save a module of the layer, run `then`, and measure the time until the new code answers."""
    text = f"0.0.{number}"
    began = time.monotonic()
    write(DESK / "layers" / "shared" / "shared" / "__init__.py", f'"""As saved."""\n\n__version__ = "{text}"\n')
    then()
    wait(figures, port, lambda data: data["version"] == text)
    figures.layer.append(time.monotonic() - began)


def write(file: Path, source: str) -> None:
    """Save as editors do, so that half a file is never seen."""
    written = file.with_name(f".{file.name}")
    written.write_text(source)
    written.replace(file)


def wait(figures: Figures, port: int, is_new: Callable[[Mapping[str, Any]], bool]) -> None:
    """Call until the new code answers."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if is_new(Client(port).ask(HEALTH)["data"]):
                return
        except OSError:
            figures.failures += 1
        time.sleep(_POLL_SECONDS)
    raise TimeoutError("the old code still answers")


def build() -> None:
    """Build the copy, which `sam local` requires after a change of the layer."""
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
        sys.exit(f"Building the copy failed:\n{done.stderr}")


# What is written ----------------------------------------------------------------------------------


def tables(runner: Figures, cold: Figures, warm: Figures, seconds: float) -> str:
    """Return the measured part of the page."""
    contenders = (runner, cold, warm)
    tools = {name: version(name) for name in ("aws-sam-cli", "werkzeug", "botocore")}
    tools["Docker"] = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    ).stdout.strip()
    versions = ", ".join(f"{name} {number}" for name, number in tools.items())
    requests = []
    for route in ROUTES:
        times = [each.latency[route] for each in contenders]
        ratios = [f"**{shown(median(each) / median(times[0]))}**" for each in times[1:]]
        requests.append([f"`{route}`", *(f"{shown(median(t))}, {shown(percentile(t, 99))}" for t in times), *ratios])
    rates = [[f"`{route}`", *(shown(each.rate[route]) for each in contenders)] for route in ROUTES]
    waits = {
        "first start to the first response": [each.start for each in contenders],
        "second start to the first response": [runner.second_start, [], []],
        "a handler is saved, until it answers": [each.handler for each in contenders],
        "a module of the layer is saved, until it answers": [runner.layer, cold.layer, []],
    }
    waiting = [
        [what, *(f"{shown(median(times))} ({shown(max(times))})" if times else "" for times in measured)]
        for what, measured in waits.items()
    ]
    waiting.append(["requests that failed meanwhile", *(str(each.failures) for each in contenders)])
    smallest_ratio = min(median(cold.latency[route]) / median(runner.latency[route]) for route in ROUTES)
    longest = max(median(runner.handler), median(runner.layer))
    fewest = [min(map(len, each.latency.values())) for each in contenders]
    names = ["runner", "`sam local`, default", "`sam local`, warm"]
    return f"""\
Measured on {page.today()} in {seconds:.0f} s: {page.machine()}, Python {platform.python_version()};
{versions}; `{IMAGE}`.
Load at the end: {os.getloadavg()[0]:.1f}.

### One request after the other

{page.table(["ms: median, 99th percentile", *names, "default / runner", "warm / runner"], requests)}
At least {fewest[0]}, {fewest[1]} and {fewest[2]} requests each; with fewer than 100, the second figure is the slowest.

### Responses per second, at {_CONNECTIONS} connections

{page.table(["", *names], rates)}
### Waiting

{page.table(["s: median (slowest)", *names], waiting)}
`sam local` takes as long for a second start. A save in the layer includes the `sam build` that it requires.

Aims:

- a request at least {_AIM_RATIO} times as fast as by default with `sam local`: {outcome(smallest_ratio, _AIM_RATIO)}
- a save live in less than {_AIM_SAVE} s: {outcome(_AIM_SAVE, longest)}
"""


def outcome(more: float, less: float) -> str:
    """Return whether an aim was met."""
    return "met" if more >= less else "missed"


def percentile(times: list[float], percent: int) -> float:
    """Return the nearest rank."""
    return sorted(times)[ceil(len(times) * percent / 100) - 1]


if __name__ == "__main__":
    sys.exit(main())
