"""Serve MiniStack until the process is killed or the runner exits."""

import argparse
import asyncio
import fcntl
import os
import socket
import sys
import threading
from pathlib import Path

from local.asgi import make_server
from local.aws.credentials import VARIABLE
from local.aws.durable import DISK_FULL, NO_RESTART
from local.aws.durable.access_rules import AccessRules
from local.aws.durable.app import DurableApp
from local.aws.durable.generations import DamagedError, Generations
from local.aws.durable.ministack_app import MiniStackApp
from local.errors import is_disk_full


def _exit_with(lifeline: int) -> None:
    # The same as in `functions/worker.py`, which cannot import it: that program imports nothing from this package.
    os.read(lifeline, 1)
    os._exit(0)


async def _serve(generations: Generations, sockets: list[socket.socket], notify: int, rules: AccessRules) -> None:
    app = DurableApp(MiniStackApp(generations.folder), generations, notify, rules)
    try:
        await app.start()
    except DamagedError as problem:
        print(problem, file=sys.stderr, flush=True)
        os._exit(NO_RESTART)
    await make_server(app, "httptools").serve(sockets=sockets)


def main() -> None:
    """Read the options, wait for the lock of the data, and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--listen", type=int, action="append", required=True, help="a listening socket")
    for descriptor in ("--notify", "--lifeline"):
        parser.add_argument(descriptor, type=int, required=True)
    parser.add_argument("--host", action="append", default=[], help="a host that requests may name besides loopback")
    arguments = parser.parse_args()
    rules = AccessRules(os.environ.pop(VARIABLE), frozenset(arguments.host))
    threading.Thread(target=_exit_with, args=(arguments.lifeline,), daemon=True).start()
    os.set_blocking(arguments.notify, False)
    # After its runner was killed, a previous process may live for a few more milliseconds.
    with (arguments.data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sockets = [socket.socket(fileno=descriptor) for descriptor in arguments.listen]
        asyncio.run(_serve(Generations(arguments.data), sockets, arguments.notify, rules))


try:
    main()
except OSError as problem:
    if not is_disk_full(problem):
        raise
    os._exit(DISK_FULL)
