"""CPU and wall time of cold starts and warm requests in Lambda's image, beside what one would use instead.

Run it by `make bench`, which builds the layer first. Needs Docker. `ROUNDS` (15) is the number of cold starts of each
endpoint and contender, `REQUESTS` (300) that of warm requests. Writes docs/benchmarks.md, between its markers, and
docs/benchmarks.svg.

A cold start is a fresh `python3.13` of the image that imports the handler and answers its first event: what Lambda's
runtime does, without the runtime's own imports, which are the same for all. The database is a stub on loopback that
gives canned answers at once. Everybody takes a turn in each round, so that whatever else the machine does concerns all
alike. A function's code and the layer are what `sam build` makes; what the others need is installed from
requirements-peers.txt for the same Python, and compiled as the layer is, their own modules too.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report
from local.template import read_project
from tests.sam.containers import IMAGE
from tests.support import ROOT

HERE = Path(__file__).parent
LAYER = ROOT / ".aws-sam" / "build" / "SharedLayer"
PEERS = ROOT / ".aws-sam" / "peers"
LOCK = HERE / "requirements-peers.txt"
# The endpoints, and the folders of their functions.
ENDPOINTS = {
    "user": "users/by_id",
    "users": "users/index",
    "login": "auth/login",
    "refresh": "auth/refresh",
    "contact": "contact",
}
_PYTHON = "/var/lang/bin/python3.13"
# As in the layer's Makefile.
_COMPILE = ["-W", "ignore", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]


def main() -> None:
    """Measure, and write down what came out."""
    endpoints = {name: folder for name, folder in ENDPOINTS.items() if (ROOT / "functions" / folder).is_dir()}
    install_peers()
    # A contender's modules are called by the endpoint's name; a function's is app.py in its folder.
    peers = ["/peers/code", "/peers/python"]
    order = {
        "rounds": int(os.environ.get("ROUNDS") or 15),
        "requests": int(os.environ.get("REQUESTS") or 300),
        "environment": environment(),
        "endpoints": list(endpoints),
        "contenders": {
            "ours": {"path": ["/functions/{endpoint}", "/opt/python"], "module": "app"},
            "floor": {"path": peers, "module": "floor.{endpoint}"},
            "fastapi": {"path": peers, "module": "fastapi_mangum.{endpoint}"},
            "powertools": {"path": peers, "module": "powertools.{endpoint}"},
        },
    }
    mounts = [f"{LAYER}:/opt:ro", f"{PEERS}:/peers:ro", f"{HERE / 'image'}:/bench:ro"]
    mounts += [f"{ROOT / 'functions' / folder}:/functions/{name}:ro" for name, folder in endpoints.items()]
    said = docker(mounts, ["/bench/measure.py"], json.dumps(order))
    result: dict[str, Any] = json.loads(said)
    result |= {
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": order["rounds"],
        "requests": order["requests"],
        "versions": report.versions(LOCK),
        "image": IMAGE,
    }
    print(report.write(result, ROOT / "docs"))


def environment() -> dict[str, str]:
    """Give the variables of the template, and those that Lambda sets."""
    project = read_project(ROOT / "template.yaml", {})
    variables = {name: text for name, text in project.functions["UserFunction"].environment.items() if text}
    return {
        **variables,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": "/var/task",
        # Tracing is on, and this request is not sampled, as most are not.
        "_X_AMZN_TRACE_ID": "Root=1-6890a1b2-3c4d5e6f708192a3b4c5d6e7;Parent=53995c3f42cd8ad8;Sampled=0",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }


def install_peers() -> None:
    """Put what the others need, and their code, below .aws-sam, for Lambda's Python and compiled by it."""
    installed = PEERS / "requirements-peers.txt"
    if not installed.exists() or installed.read_text() != LOCK.read_text():
        print("Installing what is compared with into .aws-sam/peers (once, about a minute)", flush=True)
        shutil.rmtree(PEERS, ignore_errors=True)
        tags = (ROOT / "layers" / "shared" / "platforms" / "x86_64" / "wheel-tags").read_text().split()
        platforms = [f"--platform={tag}" for tag in tags]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
        target = ["--only-binary=:all:", "--implementation=cp", "--python-version=3.13", *platforms]
        subprocess.run([*pip, *target, f"--target={PEERS / 'python'}", f"--requirement={LOCK}"], check=True)
        docker([f"{PEERS}:/peers"], [*_COMPILE, "/peers/python"])
        shutil.copy(LOCK, installed)
    shutil.rmtree(PEERS / "code", ignore_errors=True)
    shutil.copytree(HERE / "contenders", PEERS / "code", ignore=shutil.ignore_patterns("__pycache__"))
    docker([f"{PEERS}:/peers"], [*_COMPILE, "/peers/code"])


def docker(mounts: list[str], arguments: list[str], said: str = "") -> str:
    """Run the image's Python; give what it prints. What it says on standard error is passed on."""
    volumes = [part for mount in mounts for part in ("--volume", mount)]
    user = ["--user", f"{os.getuid()}:{os.getgid()}"]
    command = ["docker", "run", "--rm", "--interactive", "--network", "none", *user, *volumes]
    command += ["--entrypoint", _PYTHON, IMAGE, *arguments]
    done = subprocess.run(command, input=said, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit("The measurement failed: see above. It needs a Docker engine, and the layer as `make build` makes it.")
    return done.stdout


if __name__ == "__main__":
    main()
