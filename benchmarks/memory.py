"""How much memory a function needs, and what time and price each memory setting leads to.

Lambda assigns a function processor time in proportion to its memory: a whole core at 1,769 MB (AWS Lambda, "Configure
Lambda function memory"). No function here uses more than one core, so more memory only costs.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.page import ROOT

WHOLE_CORE = 1769
SIZES = (256, 512, 1024, WHOLE_CORE, 3008)
# Assumed, as the page states: waiting per DynamoDB call in the same region, and how often a request is a cold start.
WAIT = 5
COLD_EVERY = 100
# Assumed, near what docs/benchmarks.md shows: the CPU milliseconds of a function's import, for which Lambda assigns a
# whole core at any size, and those that a first request takes beyond a later one.
# https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting
START, FIRST = 280, 15
ASSUMED = (
    f"Assumed, because nothing was measured on AWS: {WAIT} ms of waiting per call of DynamoDB, a cold start in one of "
    f"{COLD_EVERY} requests, and {START} + {FIRST} ms of CPU for it."
)
# The peak of a container: its imports, every client, and a hash where it hashes.
_CONTAINER = """
import re, sys
sys.path.insert(0, sys.argv[1])
import app
from shared.core import aws
for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2, aws.sqs): client()
if "shared.values.passwords" in sys.modules: sys.modules["shared.values.passwords"].hashed("a rather long sentence")
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def needed(folders: Mapping[str, Path]) -> dict[str, float]:
    """Start each function in a Python process of its own (Linux); return its peak megabytes by its name."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    megabytes = {}
    for name, folder in folders.items():
        command = [sys.executable, "-c", _CONTAINER, str(ROOT / folder)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        megabytes[name] = int(done.stdout.splitlines()[-1]) / 1024
    return megabytes


def milliseconds(cpu: float, calls: int, size: int) -> float:
    """Return the duration at a memory setting, from CPU milliseconds on a whole core and calls that wait."""
    return cpu / min(1, size / WHOLE_CORE) + calls * WAIT


def cold(size: int) -> float:
    """Return how much longer the first request of a container takes."""
    return START + milliseconds(FIRST, 0, size)


def gigabyte_seconds(cpu: float, calls: int, size: int) -> float:
    """Return what is billed for a request on average, its share of a cold start included."""
    whole = milliseconds(cpu, calls, size) + cold(size) / COLD_EVERY
    return whole / 1000 * size / 1024
