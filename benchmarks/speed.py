"""CPU and wall time of cold starts and warm requests in Lambda's image, beside a floor and two frameworks.

Run by `make bench`, which builds the layer first. Needs Docker. In each of `ROUNDS` (15) every contender starts once
per endpoint, and then answers warm requests. Writes docs/benchmarks.md, between its markers, and docs/benchmarks.svg.

A cold start is a fresh `python3.13` of the image that imports the handler and answers its first event: what Lambda's
runtime does, without the runtime's own imports, which are the same for all. The database is a stub on loopback that
gives canned responses without delay. All contenders alternate within each round, so that other load on the machine
affects them alike. The functions and the layer are what `sam build` makes; the contenders' libraries are installed from
requirements-peers.txt for the same Python and compiled as the layer is, like the contenders' own modules.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import report, world
from benchmarks.cloud import environment, read_template
from benchmarks.page import ROOT, machine
from tests.sam.containers import IMAGE

HERE = Path(__file__).parent
LAYER = ROOT / ".aws-sam" / "build" / "SharedLayer"
INSTALLED = ROOT / ".aws-sam" / "contenders"
LOCK = HERE / "requirements-peers.txt"
# The endpoints, and the folders of their functions.
FOLDERS = {
    "user": "users/by_id/index",
    "users": "users/index",
    "login": "auth/login/index",
    "refresh": "auth/refresh",
    "contact": "contact",
}
# A contender's modules have the names of the endpoints; a function's module is app.py in its folder.
_OWN, _LAYER = ["/contenders/code", "/contenders/python"], ["/contenders/code", "/opt/python"]
CONTENDERS = {
    "ours": {"path": ["/functions/{endpoint}", "/opt/python"], "module": "app"},
    "floor": {"path": _OWN, "module": "floor.{endpoint}"},
    "floor_on_layer": {"path": _LAYER, "module": "floor.{endpoint}"},
    "fastapi": {"path": _OWN, "module": "fastapi_mangum.{endpoint}"},
    "powertools": {"path": _OWN, "module": "powertools.{endpoint}"},
}
_LAMBDA = {
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "LAMBDA_TASK_ROOT": "/var/task",
    # Tracing is on, and like most requests this one is not sampled.
    "_X_AMZN_TRACE_ID": "Root=1-6890a1b2-3c4d5e6f708192a3b4c5d6e7;Parent=53995c3f42cd8ad8;Sampled=0",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "HASH_COST": str(world.HASH_COST),
}
# Requests per process: first those that are not measured.
WARM_UP, REQUESTS = 30, 20
# What a cold start consists of: each statement after those before it.
PARTS = {
    "the interpreter": "",
    "modules of the standard library that everything uses": "import dataclasses, hashlib, json, logging",
    "importing botocore, with urllib3": "import botocore.session",
    "a client for DynamoDB": "botocore.session.get_session().create_client('dynamodb', region_name='eu-west-1')",
    "PyJWT, with cryptography's elliptic curves": "import jwt.algorithms",
    "pydantic, with one model": "import pydantic; pydantic.TypeAdapter(dataclasses.make_dataclass('Form', ['name']))",
}
_PYTHON = "/var/lang/bin/python3.13"
# As in the layer's Makefile.
_COMPILE = ["-W", "ignore", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]


def main() -> None:
    """Measure, and write the page."""
    install_contenders()
    project = read_template()
    responses, events = world.make()
    order = {
        "rounds": int(os.environ.get("ROUNDS") or 15),
        "warm_up": WARM_UP,
        "requests": REQUESTS,
        "environment": environment(project) | _LAMBDA,
        "contenders": CONTENDERS,
        "responses": responses,
        "events": events,
        "parts": PARTS,
    }
    mounts = [f"{LAYER}:/opt:ro", f"{INSTALLED}:/contenders:ro", f"{HERE / 'image'}:/bench:ro"]
    mounts += [f"{ROOT / 'functions' / folder}:/functions/{name}:ro" for name, folder in FOLDERS.items()]
    result: dict[str, Any] = json.loads(docker(mounts, ["/bench/measure.py"], json.dumps(order)))
    report.write(
        {**result, "rounds": order["rounds"], "requests": REQUESTS, "image": IMAGE, "machine": machine()}, LOCK
    )


def install_contenders() -> None:
    """Install the contenders and their libraries below .aws-sam, for Lambda's Python and compiled by it."""
    lock = INSTALLED / "requirements-peers.txt"
    if not lock.exists() or lock.read_text() != LOCK.read_text():
        print("Installing the contenders' libraries into .aws-sam/contenders (once, about a minute)", flush=True)
        shutil.rmtree(INSTALLED, ignore_errors=True)
        tags = (ROOT / "layers" / "shared" / "platforms" / "x86_64" / "wheel-tags").read_text().split()
        platforms = [f"--platform={tag}" for tag in tags]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
        target = ["--only-binary=:all:", "--implementation=cp", "--python-version=3.13", *platforms]
        subprocess.run([*pip, *target, f"--target={INSTALLED / 'python'}", f"--requirement={LOCK}"], check=True)
        docker([f"{INSTALLED}:/contenders"], [*_COMPILE, "/contenders/python"])
        shutil.copy(LOCK, lock)
    shutil.rmtree(INSTALLED / "code", ignore_errors=True)
    shutil.copytree(HERE / "contenders", INSTALLED / "code", ignore=shutil.ignore_patterns("__pycache__"))
    docker([f"{INSTALLED}:/contenders"], [*_COMPILE, "/contenders/code"])


def docker(mounts: list[str], arguments: list[str], sent: str = "") -> str:
    """Run the image's Python; return what it prints. Its standard error is passed on."""
    volumes = [part for mount in mounts for part in ("--volume", mount)]
    user = ["--user", f"{os.getuid()}:{os.getgid()}"]
    command = ["docker", "run", "--rm", "--interactive", "--network", "none", *user, *volumes]
    command += ["--entrypoint", _PYTHON, IMAGE, *arguments]
    done = subprocess.run(command, input=sent, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit("The benchmark failed: see above. It needs a Docker engine, and the layer built by `make build`.")
    return done.stdout


if __name__ == "__main__":
    main()
