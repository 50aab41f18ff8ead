"""How much memory a function needs, and what each setting makes of its time and its price.

Lambda gives a function processor time in proportion to its memory: a whole core at 1,769 MB (AWS Lambda, "Configure
Lambda function memory"). No function here uses more than one, so more only costs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WHOLE_CORE = 1769
SIZES = (256, 512, 1024, WHOLE_CORE, 3008)
# A call of DynamoDB from Lambda in the same region, which waits and does not compute: assumed, in milliseconds.
WAIT = 5
# Assumed: one request in so many finds no warm container.
COLD_EVERY = 100
_ROOT = Path(__file__).parent.parent
# What a container has at the most: its imports, every client, and a hash where it hashes.
_CONTAINER = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
import app
from shared import aws
for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2, aws.sqs): client()
cpu = time.process_time()
hashing = "shared.passwords" in sys.modules
if hashing: sys.modules["shared.passwords"].hashed("a rather long sentence")
print(json.dumps([cpu * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, hashing]))
"""


@dataclass(frozen=True, slots=True)
class Container:
    """A container that has just been started: CPU milliseconds until then, and megabytes at the most."""

    cpu: float
    megabytes: float
    hashing: bool


def containers(folders: Mapping[str, Path]) -> dict[str, Container]:
    """Start each function once, in a Python of its own; give what it took by the function's name."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    started = {}
    for name, folder in folders.items():
        command = [sys.executable, "-c", _CONTAINER, str(_ROOT / folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        started[name] = Container(*json.loads(done.stdout.splitlines()[-1]))
    return started


def milliseconds(cpu: float, calls: int, size: int) -> float:
    """Give how long something takes at a size, of CPU milliseconds on a whole core and calls that wait."""
    return cpu / min(1, size / WHOLE_CORE) + calls * WAIT


def gigabyte_seconds(cpu: float, calls: int, size: int, cold: float) -> float:
    """Give what is billed for a request on average, its share of a cold start (`cold` CPU milliseconds) included."""
    whole = milliseconds(cpu, calls, size) + milliseconds(cold, 0, size) / COLD_EVERY
    return whole / 1000 * size / 1024
