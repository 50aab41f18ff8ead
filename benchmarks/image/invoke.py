"""One execution environment: import a handler and call it, as often as asked.

Run as `invoke.py <module> <event.json>`. Prints the times from the start of the process to the first response, then,
for each line of input with a number n, those of n more requests: CPU (user and system) and wall clock in milliseconds.
"""

import importlib
import json
import os
import sys
import time


class Context:
    """Lambda's context, as far as libraries read it."""

    function_name = "benchmark"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:benchmark"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


def main() -> None:
    """Measure."""
    # The functions' log lines are discarded; the figures go to the original stdout.
    figures, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: PTH123, SIM115  # pathlib costs an import
    with open(sys.argv[2]) as file:  # noqa: PTH123
        event = json.load(file)
    handler = importlib.import_module(sys.argv[1]).handler
    if "shared.values.passwords" in sys.modules:
        # The stored hash has the benchmark's cost; otherwise a sign-in would replace it.
        sys.modules["shared.values.passwords"].COST = int(os.environ["HASH_COST"])  # type: ignore[attr-defined]
    context = Context()
    response = handler(event, context)
    cpu, now = time.process_time(), time.monotonic()
    print(json.dumps({"cpu": cpu * 1000, "at": now, "response": response}), file=figures, flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            wall, cpu = time.perf_counter(), time.process_time()
            handler(event, context)
            times.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
        print(json.dumps(times), file=figures, flush=True)


if __name__ == "__main__":
    main()
