"""How much of what a provider takes a second is used, for new and for late emails.

Run as `make mail-pace` (RATES="1 14 200", EMAILS=10000). The provider is a server on loopback that speaks SendGrid's
API, takes so many emails a second, with as many in reserve, and throttles the rest with 429. The emails are in
MiniStack. New emails are sent by four processes, which stand for the stream's; late ones by the retry job, a process
for each of its parts. The share is of what the rate allows, in a minute that includes the processes' start.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import mail
from shared.core import clock
from shared.records import outbox
from tests.support import api, sendgrid, stored
from tests.support.ministack import empty

# Seconds for each measurement; what the machine cannot send in this time does not matter.
_SECONDS = 60
_STREAMS = 4
_BATCH = 10


class Bucket:
    """Takes `rate` emails a second, and has room for as many."""

    def __init__(self, rate: float) -> None:
        self._rate, self._credit, self._filled = rate, max(rate, 1.0), time.monotonic()
        self._lock = threading.Lock()

    def reply(self) -> sendgrid.Reply:
        with self._lock:
            now = time.monotonic()
            self._credit = min(max(self._rate, 1.0), self._credit + (now - self._filled) * self._rate)
            self._filled = now
            if self._credit < 1:
                return sendgrid.Reply(429)
            self._credit -= 1
        return sendgrid.Reply()


def main() -> None:
    """Measure each rate, and print the table."""
    rates = [float(rate) for rate in os.environ.get("RATES", "1 14 200").split()]
    emails = int(os.environ.get("EMAILS", "10000"))
    rows = []
    with mail.provider() as (project, server):
        for rate in rates:
            for kind in ("new", "late"):
                count = min(emails, int(rate * _SECONDS * 1.2) + 100)
                empty(project.tables)
                print(f"{kind} emails, {rate:g} a second: writing {count}", flush=True)
                mail.write(count)
                server.behavior = Bucket(rate).reply
                server.accepted.clear()
                server.requests.clear()
                begin = time.monotonic()
                with _senders(kind):
                    while time.monotonic() < begin + _SECONDS and len(server.accepted) < count:
                        time.sleep(0.01)
                    seconds, sent, calls = time.monotonic() - begin, len(server.accepted), len(server.requests)
                done = sum(stored.state(entry) == "done" for entry in stored.items("OutboxTable"))
                rows.append(
                    f"{rate:6g} {kind:>6} {count:7} {sent:7} {seconds:8.1f} {sent / seconds / rate:8.0%} "
                    f"{calls / max(sent, 1):12.2f} {done:7}"
                )
                print(rows[-1], flush=True)
    print("a sec.   kind  emails    sent  seconds    share  calls/email    done", *rows, sep="\n")


@contextmanager
def _senders(kind: str) -> Iterator[None]:
    """Run the processes that send, until the end of the context."""
    arguments = [*outbox.SHARDS] if kind == "late" else [str(number) for number in range(_STREAMS)]
    command = [sys.executable, "-m", "benchmarks.mail_pace", kind]
    processes = [subprocess.Popen([*command, argument], stdout=subprocess.DEVNULL) for argument in arguments]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def work(kind: str, argument: str) -> None:
    """Send what one process of the stream, or one run of a part of the job, would."""
    import time_machine  # noqa: PLC0415  # only the worker needs it

    if kind == "late":
        # Two minutes later, all are due.
        with time_machine.travel(time.time() + 2 * clock.MINUTE + 1):
            api.load("jobs/retry_emails").handler({"part": argument}, Deadline(90))
            return
    waiting = [item for item in api.entries() if "unsent" in item][int(argument) :: _STREAMS]
    for start in range(0, len(waiting), _BATCH):
        records = [api.stream_record(item) for item in waiting[start : start + _BATCH]]
        api.load("jobs/deliver_email").handler({"Records": records}, Deadline(60))


class Deadline:
    """Lambda's context: the time that is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._end - time.monotonic()) * 1000))


if __name__ == "__main__":
    if sys.argv[1:]:
        work(*sys.argv[1:])
    else:
        main()
