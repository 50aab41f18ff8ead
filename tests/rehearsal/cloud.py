"""The rehearsal's AWS: a separate MiniStack on loopback, extended by `aws.py`, which enforces IAM.

MiniStack runs each function with the credentials of its role, and denies what the role's policies do not allow.
"""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socket import create_server
from typing import Any

import boto3
import samtranslator

from local.clean import clean_environment
from tests.rehearsal.steps import RehearsalError
from tests.support.ministack import PYTHON as MINISTACK

REGION = "eu-west-1"
ACCOUNT = "123456789012"
# Credentials of the account's root user in MiniStack.
_ROOT = "test"
_START_TIMEOUT = 60.0
# Processor names, from Linux's to Lambda's.
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Lambda:
    """The Python that runs functions here, and whether it can run the layer's packages, which are built for Lambda."""

    python: str
    architecture: str
    runs_layer: bool


def find_lambda() -> Lambda:
    """Return a Python 3.13 on Linux, which can run the layer as built, or else this environment's Python."""
    architecture = _ARCHITECTURES.get(platform.machine(), "arm64")
    if sys.platform == "linux" and platform.machine() in _ARCHITECTURES:
        # The base of this environment, without its packages, which could hide that the layer lacks one.
        base = str(getattr(sys, "_base_executable", sys.executable))
        pyenv = sorted(str(path) for path in Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13"))
        for python in [base, "python3.13", *pyenv, *_installed_by_uv()]:
            if executable := _executable_of_313(python):
                return Lambda(executable, architecture, runs_layer=True)
    return Lambda(sys.executable, architecture, runs_layer=False)


def _executable_of_313(python: str) -> str | None:
    ask = "import sys; print(sys.executable); sys.exit(sys.version_info[:2] != (3, 13))"
    try:
        asked = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _installed_by_uv() -> Iterator[str]:
    """Yield the Python 3.13 that uv has installed, if any."""
    command = [sys.executable, "-m", "uv", "python", "find", "--managed-python", "--no-python-downloads", "3.13"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        yield found.stdout.strip()


@dataclass(frozen=True)
class Cloud:
    """The running MiniStack: its port and its log."""

    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment for programs that call this AWS: without the user's AWS settings, so they reach no other."""
        return clean_environment(os.environ) | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _ROOT,
            "AWS_SECRET_ACCESS_KEY": _ROOT,
            "AWS_DEFAULT_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
        }

    @cache  # noqa: B019  # one client per service, for the whole rehearsal
    def client(self, service: str) -> Any:
        """Return a client with the root user's permissions."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_ROOT,
            aws_secret_access_key=_ROOT,
        )

    def emails(self) -> list[dict[str, Any]]:
        """Return the emails SES has sent, oldest first, in MiniStack's format."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
            messages: list[dict[str, Any]] = json.load(answer)["messages"].get(ACCOUNT, [])
        return messages

    def log_tail(self) -> str:
        """Return the last lines of MiniStack's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@contextmanager
def running(scratch: Path, functions: Lambda) -> Iterator[Cloud]:
    """Run MiniStack, which writes only into this folder; kill it and everything it started at the end."""
    with closing(create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
    temporary = scratch / "ministack"
    temporary.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        # MiniStack unpacks functions there.
        "TMPDIR": str(temporary),
        "PYTHONNOUSERSITE": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    program, translator = Path(__file__).with_name("aws.py"), Path(samtranslator.__file__).parent.parent
    cloud = Cloud(port, scratch / "ministack.log")
    with cloud.log.open("wb") as log:
        process = subprocess.Popen(
            [MINISTACK, program, functions.python, translator],
            env=environment,
            # aws.py exits when this pipe closes, however the rehearsal ends.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(cloud, process)
        yield cloud
    finally:
        # The process group includes the functions.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _wait(cloud: Cloud, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{cloud.endpoint}/_ministack/health", timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise RehearsalError(f"MiniStack did not start:\n{cloud.log_tail()}", "`make clean rehearse` reinstalls it.")
