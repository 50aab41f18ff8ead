"""The AWS of the rehearsal: a MiniStack of its own on loopback, with `aws.py` in it, where IAM is enforced.

Functions run with the rights of their roles: MiniStack gives each the credentials of its role and refuses what the
role's policies do not allow.
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

from tests.rehearsal.steps import RehearsalError
from tests.support.ministack import PYTHON as MINISTACK

REGION = "eu-west-1"
ACCOUNT = "123456789012"
# The root user of MiniStack's account.
_ROOT = "test"
_PATIENCE = 60.0
# What Lambda calls the processors, by what Linux calls them.
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Lambda:
    """What functions run on here: a Python, and whether the layer's own packages, made for Lambda, run on it."""

    python: str
    architecture: str
    runs_layer: bool


def find_lambda() -> Lambda:
    """Find a Python 3.13 on Linux, which can run the layer as it is built; otherwise take this environment's."""
    architecture = _ARCHITECTURES.get(platform.machine(), "arm64")
    if sys.platform == "linux" and platform.machine() in _ARCHITECTURES:
        # The one below this environment: its packages must not stand in for what the layer lacks.
        base = str(getattr(sys, "_base_executable", sys.executable))
        pyenv = sorted(str(path) for path in Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13"))
        for python in [base, "python3.13", *pyenv, *_managed()]:
            if real := _executable_of_313(python):
                return Lambda(real, architecture, runs_layer=True)
    return Lambda(sys.executable, architecture, runs_layer=False)


def _executable_of_313(python: str) -> str | None:
    ask = "import sys; print(sys.executable); sys.exit(sys.version_info[:2] != (3, 13))"
    try:
        asked = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _managed() -> Iterator[str]:
    """Give the Python 3.13 that uv has installed, if there is uv and it has."""
    command = [sys.executable, "-m", "uv", "python", "find", "--managed-python", "--no-python-downloads", "3.13"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        yield found.stdout.strip()


@dataclass(frozen=True)
class Cloud:
    """The running AWS: its address, and what it logs."""

    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a program that is to call this AWS, and can reach no other: nothing of the user's own."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _ROOT,
            "AWS_SECRET_ACCESS_KEY": _ROOT,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
        }

    @cache  # noqa: B019  # one for each service, as long as the rehearsal
    def client(self, service: str) -> Any:
        """Give a client as the account's administrator has it."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_ROOT,
            aws_secret_access_key=_ROOT,
        )

    def mails(self) -> list[dict[str, Any]]:
        """Give what SES has sent, oldest first, as MiniStack tells it."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
            messages: list[dict[str, Any]] = json.load(answer)["messages"].get(ACCOUNT, [])
        return messages

    def logged(self) -> str:
        """Give the end of what it logged."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@contextmanager
def running(scratch: Path, functions: Lambda) -> Iterator[Cloud]:
    """Start it, with everything it writes in this folder; end it and what it started."""
    with closing(create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
    temporary = scratch / "ministack"
    temporary.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        # Functions are unpacked there.
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
            # It ends when this does.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(cloud, process)
        yield cloud
    finally:
        # With the functions.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _wait(cloud: Cloud, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{cloud.endpoint}/_ministack/health", timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise RehearsalError(f"MiniStack did not start:\n{cloud.logged()}", "`make clean rehearse` installs it anew.")
