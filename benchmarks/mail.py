"""A thousand mails, a provider that fails, and a process that is killed: how many arrive, and how often.

Run it as `make mail-storm`. The provider is a server on loopback that speaks SendGrid's API: of its calls it fails 30 %
and lets 10 % time out, of which it has taken every second mail. The mails are in MiniStack. The process that delivers
them, as the stream and the retry job do, is killed (SIGKILL) five times in mid-work. Between the runs the clock that
the processes see is put forward, so that nobody has to wait for pauses and leases to end.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.cloud import cloud
from shared.core import aws, config, tables
from shared.records import outbox
from tests.support import sendgrid, stored

MAILS = 1000
KILLS_AFTER = (100, 250, 400, 600, 800)
FAILING, HANGING, HANGING_BUT_TAKEN = 0.30, 0.05, 0.05
# What the worker allows the provider, in place of 5 s.
_READ_TIMEOUT = 0.25
_STEP = 60


@dataclass
class Storm:
    """What has happened: runs, kills, and mails that a killed process can't have noted."""

    runs: int = 0
    kills: int = 0
    died_with: set[str] = field(default_factory=set)
    entry_attempts: int = 0


def main() -> None:
    """Deliver the mails, and print how that went."""
    with cloud(), sendgrid.serving() as server:
        os.environ.update(MAIL_PROVIDERS="sendgrid", SENDGRID_URL=server.url, SENDGRID_KEY_SECRET="BenchmarkKey")  # noqa: S106  # a name
        config.settings.cache_clear()
        aws.secretsmanager().create_secret(Name="BenchmarkKey", SecretString=sendgrid.KEY)
        print(f"Writing {MAILS} mails into the outbox", flush=True)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(_decide, range(MAILS)))
        chance = random.Random(1)  # noqa: S311  # the same storm each time
        server.behavior = lambda: _reply(chance.random())
        begin = time.monotonic()
        storm = deliver_all(server)
        report(server, storm, time.monotonic() - begin)


def _decide(number: int) -> None:
    details = {"user_agent": "Benchmark", "ip": "192.0.2.1"}
    tables.write(outbox.sending("new_device", f"user{number}@example.com", **details))


def _reply(chance: float) -> sendgrid.Reply:
    if chance < FAILING:
        return sendgrid.Reply(503)
    if chance < FAILING + HANGING:
        return sendgrid.Reply(hangs=True)
    if chance < FAILING + HANGING + HANGING_BUT_TAKEN:
        return sendgrid.Reply(hangs=True, accepts=True)
    return sendgrid.Reply()


def deliver_all(server: sendgrid.Server) -> Storm:
    """Run workers, one after the other, until nothing waits; kill the first five in mid-work."""
    storm, ahead = Storm(), 0
    kills = iter(KILLS_AFTER)
    kill_after = next(kills, None)
    # The stream brings again what it was killed over; all else is the retry job's.
    for job in _jobs():
        storm.runs += 1
        worker = _start(job, ahead)
        while worker.poll() is None:
            if kill_after is not None and len(server.accepted) >= kill_after:
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                storm.kills += 1
                storm.died_with |= _taken_but_not_done(server)
                kill_after = next(kills, None)
            time.sleep(0.002)
        if worker.returncode not in {0, -signal.SIGKILL}:
            raise SystemExit(f"the worker ended with {worker.returncode}")
        entries = stored.items("OutboxTable")
        states = Counter(map(stored.state, entries))
        print(f"  clock +{ahead:5} s  {job:6}  {dict(states)}", flush=True)
        if states == {"done": MAILS}:
            storm.entry_attempts = sum(entry["attempts"] for entry in entries)
            break
        if job == "retry":
            next_due = min(entry["retryAt"] for entry in entries if "unsent" in entry)
            ahead = max(ahead + _STEP, int(next_due - time.time()) + 1)
    return storm


def _jobs() -> Iterator[str]:
    yield from ["stream"] * 3
    while True:
        yield "retry"


def _start(job: str, ahead: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "benchmarks.mail", "worker", job, str(ahead)]
    return subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)  # ourselves; metrics go there


def _taken_but_not_done(server: sendgrid.Server) -> set[str]:
    done = {entry["id"] for entry in stored.items("OutboxTable") if "doneAt" in entry}
    return {taken.outbox_id for taken in server.accepted if taken.answered} - done


def report(server: sendgrid.Server, storm: Storm, seconds: float) -> None:
    """Print the figures; say of each mail that came twice why."""
    sends: dict[str, list[sendgrid.Accepted]] = {}
    for taken in server.accepted:
        sends.setdefault(taken.outbox_id, []).append(taken)
    twice = {entry_id: takes for entry_id, takes in sends.items() if len(takes) > 1}
    timed_out = {entry_id for entry_id, takes in twice.items() if not all(take.answered for take in takes[:-1])}
    killed = twice.keys() & storm.died_with - timed_out
    print(f"mails decided on          {MAILS}")
    print(f"delivered                 {len(sends)} (lost: {MAILS - len(sends)})")
    print(f"came more than once       {len(twice)}, each with one X-Outbox-Id")
    print(f"  answer came too late    {len(timed_out)}")
    print(f"  process was killed      {len(killed)}")
    print(f"  for no reason           {len(twice.keys() - timed_out - killed)}")
    print(f"provider was called       {len(server.requests)} times")
    print(f"attempts (claims)         {storm.entry_attempts}")
    print(f"runs, of which killed     {storm.runs}, {storm.kills}")
    print(f"duration                  {seconds:.0f} s")


# The worker ----------------------------------------------------------------------------------------


def work(job: str, ahead: int) -> None:
    """Be the function once, `ahead` seconds in the future."""
    import time_machine  # noqa: PLC0415  # the worker's alone
    import urllib3  # noqa: PLC0415

    from shared.mail import providers  # noqa: PLC0415
    from tests.support import api  # noqa: PLC0415

    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=_READ_TIMEOUT))
    providers._PROVIDERS["sendgrid"]._pool = pool  # type: ignore[attr-defined]  # noqa: SLF001
    with time_machine.travel(time.time() + ahead):
        if job == "retry":
            api.retry()
            return
        waiting = [item for item in api.entries() if "unsent" in item]
        for batch in _batches(waiting, 10):
            api.deliver(*batch)


def _batches(items: Sequence[dict[str, object]], size: int) -> Iterator[Sequence[dict[str, object]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        main()
