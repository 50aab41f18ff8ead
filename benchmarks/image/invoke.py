"""One execution environment: import a handler and call it, as often as asked.

Run as `invoke.py <module> <event.json>`. Prints what the first answer took since the process began, then, for each line
of input with a number n, what each of n more requests took: CPU (user and system) and wall, in milliseconds.
"""

import importlib
import json
import os
import sys
import time


class Context:
    """Lambda's context, as far as libraries look at it."""

    function_name = "benchmark"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:benchmark"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


def main() -> None:
    """Serve."""
    # What functions log goes nowhere; what is measured goes where it would have gone.
    measured, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: PTH123, SIM115  # nothing is imported for comfort
    with open(sys.argv[2]) as file:  # noqa: PTH123
        event = json.load(file)
    handler = importlib.import_module(sys.argv[1]).handler
    if "shared.values.passwords" in sys.modules:
        # The stored hash has the benchmark's cost; signing in would otherwise replace it by one of today's.
        sys.modules["shared.values.passwords"].COST = int(os.environ["HASH_COST"])  # type: ignore[attr-defined]
    context = Context()
    answer = handler(event, context)
    cpu, now = time.process_time(), time.monotonic()
    print(json.dumps({"cpu": cpu * 1000, "at": now, "answer": answer}), file=measured, flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            wall, cpu = time.perf_counter(), time.process_time()
            handler(event, context)
            times.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
        print(json.dumps(times), file=measured, flush=True)


if __name__ == "__main__":
    main()
