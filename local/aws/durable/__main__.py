"""Serve MiniStack until the process is killed, or until the runner is gone."""

import argparse
import asyncio
import fcntl
import os
import socket
import sys
import threading
from pathlib import Path

from local.aws.durable import NO_RESTART
from local.aws.durable.app import Durable
from local.aws.durable.emulator import Emulator
from local.aws.durable.generations import DamagedError, Generations
from local.server import make_server


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


async def _serve(generations: Generations, sock: socket.socket, notify: int) -> None:
    durable = Durable(Emulator(generations.folder), generations, notify)
    try:
        await durable.start()
    except DamagedError as problem:
        print(problem, file=sys.stderr, flush=True)
        os._exit(NO_RESTART)
    await make_server(durable, "httptools").serve(sockets=[sock])


def main() -> None:
    """Read the options, wait for the data, and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    for descriptor in ("--listen", "--notify", "--lifeline"):
        parser.add_argument(descriptor, type=int, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=_end_with, args=(arguments.lifeline,), daemon=True).start()
    os.set_blocking(arguments.notify, False)
    # A previous process whose runner was killed may live for a few more milliseconds.
    with (arguments.data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sock = socket.socket(fileno=arguments.listen)
        asyncio.run(_serve(Generations(arguments.data), sock, arguments.notify))


main()
