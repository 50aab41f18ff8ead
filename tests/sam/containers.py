"""`sam local` in front of the local AWS: the functions as built, in Lambda's containers, on this machine.

`python -m tests.sam.containers` (behind `make sam-local`) serves them until Ctrl-C; the Docker tests use the parts.

The runner in `local/` supplies what the functions need: tables, key, admin, and the delivery of emails. Its file of
variables has the address of its AWS for containers.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.aws.credentials import FILE_NAME as CREDENTIALS_FILE
from local.aws.credentials import Credentials
from local.clean import clean_environment
from local.errors import RunnerError
from local.settings import FILE_NAME as SETTINGS
from local.settings import read_settings
from operations.stack import Stack, override
from tests.support import ROOT

# What [default] in samconfig.toml builds for.
IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
_SAM = str(Path(sys.executable).with_name("sam"))
_START_SECONDS = 120.0


class StartError(Exception):
    """A program failed. The message has the end of its output."""


@dataclass(frozen=True)
class Backend:
    """The running runner: its port, and the port, the credentials and the file of variables of its AWS."""

    port: int
    aws_port: int
    credentials: Credentials
    variables: Path
    admin_email: str
    admin_password: str


@dataclass(frozen=True)
class Sam:
    """SAM CLI with a built template, a file of variables for its functions, and its own settings.

    It has no credentials, like that of a user without an AWS account.
    """

    template: Path
    variables: Path
    config: Path = ROOT / "samconfig.toml"
    parameters: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line for `sam local`."""
        options = ["--template", str(self.template), "--config-file", str(self.config)]
        # Otherwise SAM CLI fetches the image, or looks for a newer one.
        skip = ["--skip-pull-image"] if is_here(IMAGE) else []
        # On the command line, they replace those of the configuration.
        parameters = ["--parameter-overrides", *map(override, self.parameters.items())] if self.parameters else []
        return [_SAM, "local", *arguments, *options, "--env-vars", str(self.variables), *skip, *parameters]

    @property
    def environment(self) -> dict[str, str]:
        """No settings of AWS."""
        return {**clean_environment(os.environ), "SAM_CLI_TELEMETRY": "0"}

    def invoke(self, function: str, event: Path) -> Any:
        """Invoke a function once and return its result."""
        command = self.command("invoke", function, "--event", str(event))
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        try:
            return json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            raise StartError(f"{function} returned nothing:\n{done.stdout}\n{done.stderr}") from None

    @contextlib.contextmanager
    def serve(self, what: str, port: int, log: Path | None = None, *, warm: bool = True) -> Iterator[int]:
        """Keep `start-api` or `start-lambda` running on this port, each function in a container that stays.

        Unless `warm`, the settings decide: SAM CLI's default is a container for each request.
        """
        command = self.command(what, "--port", str(port), *(["--warm-containers", "LAZY"] if warm else []))
        with _running(command, log, self.environment) as process:
            _wait_for(process, port, log)
            yield port


def is_here(image: str) -> bool:
    """Return whether a Docker engine answers and has the image."""
    return _docker("image", "inspect", image) is not None


@contextlib.contextmanager
def backend(data: Path, *options: str, **variables: str) -> Iterator[Backend]:
    """Keep the runner running with its data in this folder."""
    port, aws_port = free_port(), free_port()
    command = [sys.executable, "-m", "local", "--port", str(port), "--aws-port", str(aws_port), "--data", str(data)]
    command += options
    data.mkdir(parents=True, exist_ok=True)
    log = data / "runner.log"
    with _running(command, log, {**os.environ, **variables}) as runner:
        _wait_for(runner, port, log)
        yield Backend(
            port=port,
            aws_port=aws_port,
            credentials=Credentials.read(data / CREDENTIALS_FILE),
            variables=data / CREDENTIALS_FILE,
            admin_email=os.environ.get("LOCAL_ADMIN_EMAIL") or "admin@example.com",
            admin_password=os.environ.get("LOCAL_ADMIN_PASSWORD") or (data / "admin-password").read_text().strip(),
        )


def run_in_image(mounts: Mapping[str, Path], variables: Mapping[str, str], program: str, *arguments: str) -> str:
    """Run a Python program in Lambda's image, with the layer's packages, and return what it prints. No network."""
    variables = {"PYTHONPATH": "/opt/python:/var/runtime", **variables}
    command = ["docker", "run", "--rm", "--pull", "never", "--network", "none"]
    command += ["--entrypoint", "/var/lang/bin/python3.13"]
    command += [part for place, folder in mounts.items() for part in ("--volume", f"{folder}:{place}:ro")]
    command += [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    done = subprocess.run([*command, IMAGE, "-c", program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(done.stderr)
    return done.stdout


def free_port() -> int:
    """Return a port of loopback that is free at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(command: list[str], log: Path | None, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a program running, in a session of its own: Ctrl-C does not reach it, so it ends when this block does."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    """Wait until HTTP is answered, with any status. Raises StartError if the program ends, or after a time-out."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        else:
            return
        finally:
            connection.close()
    output = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log else "see above"
    raise StartError(f"{process.args!r} did not start: {output}")


def _docker(*arguments: str) -> str | None:
    """Run a Docker command and return its output; None without an engine or on failure."""
    try:
        asked = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=30, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def main() -> int:
    """Serve the built functions until Ctrl-C."""
    template = ROOT / ".aws-sam" / "build" / "template.yaml"
    if not template.is_file():
        print("Nothing is built yet. Run `make build`.", file=sys.stderr)
        return 1
    if _docker("version") is None:
        print("No Docker engine answers. Start it, or use `make start`, which needs none.", file=sys.stderr)
        return 1
    data, port = ROOT / ".local", int(os.environ.get("PORT") or 3000)
    try:
        settings = read_settings(ROOT / SETTINGS, ROOT / "template.yaml")
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    # The runner gives the secrets their values.
    parameters = {**Stack.of_stage("default").parameters, **settings.parameters}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print("Starting the local AWS", flush=True)
        with backend(data) as behind:
            print(f"Starting `sam local start-api` on http://localhost:{port}", flush=True)
            with Sam(template, behind.variables, parameters=parameters).serve("start-api", port):
                print(f"  Emails http://localhost:{behind.port}/_local/")
                print(f"  Admin  {behind.admin_email}  {behind.admin_password}")
                print("A function's first request starts its container. Ctrl-C stops everything.", flush=True)
                signal.pause()
    except StartError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 130


if __name__ == "__main__":
    sys.exit(main())
