"""A thousand emails, a failing provider and a process that gets killed: how many arrive, and how often.

Run as `make mail-storm`. The provider is a server on loopback that speaks SendGrid's API. It fails 30% of its calls and
lets 10% time out, half of them after it has taken the email. The emails are in MiniStack. The process that delivers
them, as the stream and the retry job do, is killed (SIGKILL) five times while it works. Between the runs the clock of
the processes is moved forward, so that no pause or lease has to be waited for.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, repeat

from benchmarks import mail
from tests.support import sendgrid, stored

EMAILS = 1000
KILLS_AFTER = (100, 250, 400, 600, 800)
FAILING, HANGING, HANGING_BUT_TAKEN = 0.30, 0.05, 0.05
# The worker's time limit for the provider, instead of 5 s.
_READ_TIMEOUT = 0.25
_STEP = 60
_BATCH = 10


@dataclass
class Storm:
    """Runs, kills, and emails that a killed process was unable to mark as done."""

    runs: int = 0
    kills: int = 0
    died_with: set[str] = field(default_factory=set)
    attempts: int = 0


def main() -> None:
    """Deliver the emails, and print the outcome."""
    with mail.provider() as (_, server):
        print(f"Writing {EMAILS} emails to the outbox", flush=True)
        mail.write(EMAILS)
        chance = random.Random(1)  # noqa: S311  # the same storm each time
        server.behavior = lambda: _reply(chance.random())
        begin = time.monotonic()
        storm = deliver_all(server)
        report(server, storm, time.monotonic() - begin)


def _reply(chance: float) -> sendgrid.Reply:
    if chance < FAILING:
        return sendgrid.Reply(503)
    if chance < FAILING + HANGING + HANGING_BUT_TAKEN:
        return sendgrid.Reply(hangs=True, accepts=chance >= FAILING + HANGING)
    return sendgrid.Reply()


def deliver_all(server: sendgrid.Server) -> Storm:
    """Run one worker after the other until no email waits; kill the first five while they work."""
    storm, ahead = Storm(), 0
    kills = list(KILLS_AFTER)
    # The stream delivers again what was lost in a kill; everything else is up to the retry job.
    for job in chain(["stream"] * 3, repeat("retry")):
        storm.runs += 1
        command = [sys.executable, "-m", "benchmarks.mail_storm", "worker", job, str(ahead)]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # metrics go to stdout
        while worker.poll() is None:
            if kills and len(server.accepted) >= kills[0]:
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                del kills[0]
                storm.kills += 1
                done = {entry["id"] for entry in stored.items("OutboxTable") if "doneAt" in entry}
                storm.died_with |= {taken.outbox_id for taken in server.accepted if taken.answered} - done
            time.sleep(0.002)
        if worker.returncode not in {0, -signal.SIGKILL}:
            raise SystemExit(f"The worker ended with {worker.returncode}")
        entries = stored.items("OutboxTable")
        states = Counter(map(stored.state, entries))
        print(f"  clock +{ahead:5} s  {job:6}  {dict(states)}", flush=True)
        if states == {"done": EMAILS}:
            storm.attempts = sum(entry["attempts"] for entry in entries)
            break
        if job == "retry":
            next_due = min(entry["retryAt"] for entry in entries if "unsent" in entry)
            ahead = max(ahead + _STEP, int(next_due - time.time()) + 1)
    return storm


def report(server: sendgrid.Server, storm: Storm, seconds: float) -> None:
    """Print the figures, and why emails were sent more than once."""
    sends: dict[str, list[sendgrid.Accepted]] = {}
    for taken in server.accepted:
        sends.setdefault(taken.outbox_id, []).append(taken)
    twice = {entry_id: takes for entry_id, takes in sends.items() if len(takes) > 1}
    timed_out = {entry_id for entry_id, takes in twice.items() if not all(take.answered for take in takes[:-1])}
    killed = twice.keys() & storm.died_with - timed_out
    print(f"emails written            {EMAILS}")
    print(f"sent                      {len(sends)} (lost: {EMAILS - len(sends)})")
    print(f"sent more than once       {len(twice)}, each with one X-Outbox-Id")
    print(f"  response came too late  {len(timed_out)}")
    print(f"  process was killed      {len(killed)}")
    print(f"  without a reason        {len(twice.keys() - timed_out - killed)}")
    print(f"calls of the provider     {len(server.requests)}")
    print(f"attempts (claims)         {storm.attempts}")
    print(f"runs, of which killed     {storm.runs}, {storm.kills}")
    print(f"duration                  {seconds:.0f} s")


def work(job: str, ahead: int) -> None:
    """Run the function once, `ahead` seconds in the future."""
    import time_machine  # noqa: PLC0415  # only the worker needs these
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
        for start in range(0, len(waiting), _BATCH):
            api.deliver(*waiting[start : start + _BATCH])


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        main()
