"""How much memory a function needs, and what each setting makes of its time and its price.

Lambda gives a function processor time in proportion to its memory: a whole core at 1,769 MB (AWS Lambda, "Configure
Lambda function memory"). No function here uses more than one, so more only costs.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

WHOLE_CORE = 1769
SIZES = (256, 512, 1024, WHOLE_CORE, 3008)
# A call of DynamoDB from Lambda in the same region, which waits and does not compute: assumed, in milliseconds.
WAIT = 5
# Assumed: one request in so many finds no warm container.
COLD_EVERY = 100
# CPU milliseconds of a cold start in Lambda's image, as docs/benchmarks.md has them: up to the function's import, for
# which there is a whole core at any size, and what the first request takes more than later ones.
# https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting
START, FIRST = 280, 15
_ROOT = Path(__file__).parent.parent
# What a container has at the most: its imports, every client, and a hash if it can.
_CONTAINER = """
import re, sys
sys.path.insert(0, sys.argv[1])
import app
from shared import aws
for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2, aws.sqs): client()
if "shared.values.passwords" in sys.modules: sys.modules["shared.values.passwords"].hashed("a rather long sentence")
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def needed(folders: Mapping[str, Path]) -> dict[str, float]:
    """Start each function once, in a Python of its own (Linux); give its megabytes at the most, by its name."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    megabytes = {}
    for name, folder in folders.items():
        command = [sys.executable, "-c", _CONTAINER, str(_ROOT / folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        megabytes[name] = int(done.stdout.splitlines()[-1]) / 1024
    return megabytes


def milliseconds(cpu: float, calls: int, size: int) -> float:
    """Give how long something takes at a size, of CPU milliseconds on a whole core and calls that wait."""
    return cpu / min(1, size / WHOLE_CORE) + calls * WAIT


def cold(size: int) -> float:
    """Give how much longer the first request of a container takes."""
    return START + milliseconds(FIRST, 0, size)


def gigabyte_seconds(cpu: float, calls: int, size: int) -> float:
    """Give what is billed for a request on average, its share of a cold start included."""
    whole = milliseconds(cpu, calls, size) + cold(size) / COLD_EVERY
    return whole / 1000 * size / 1024
