"""The worker pool by itself, where a whole runner would only be slow."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.functions import pool as workers
from local.functions.pool import FunctionTimeoutError, Nursery, Pool
from local.template import Function
from tests.local.harness import alive, descendants, eventually


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    lifeline, rope = os.pipe()
    nursery = Nursery((), lifeline)
    yield nursery
    nursery.stop()
    os.close(lifeline)
    os.close(rope)


@pytest.fixture
def lines() -> list[tuple[str, str, str]]:
    """What functions print: name, request, line."""
    return []


@pytest.fixture
def make_pool(nursery: Nursery, tmp_path: Path, lines: list[tuple[str, str, str]]) -> Iterator[Callable[[str], Pool]]:
    """Makes the pool of a function with this code."""
    pools: list[Pool] = []

    def make(code: str) -> Pool:
        (tmp_path / "app.py").write_text(code)
        function = Function("TestFunction", tmp_path, "app.handler", timeout=1)
        environment = workers.lambda_environment(function, "http://127.0.0.1:9")
        pools.append(Pool(nursery, function, environment, lambda *said: lines.append(said)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.stop(0)


def test_an_import_that_never_ends_is_ended(make_pool: Callable[[str], Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IMPORT_SECONDS", 0.1)
    before = set(descendants(os.getpid()))
    pool = make_pool("while True: pass")
    with pytest.raises(FunctionTimeoutError):
        pool.invoke("{}")
    eventually(lambda: not any(alive(pid) for pid in set(descendants(os.getpid())) - before), what="the worker to end")


def test_a_nursery_that_was_killed_is_replaced(make_pool: Callable[[str], Pool]) -> None:
    pool = make_pool("import os\ndef handler(event, context): return os.getppid()")
    first = int(pool.invoke("{}").body)
    os.kill(first, 9)
    eventually(lambda: not alive(first), what="the nursery to end")
    assert int(pool.invoke("{}").body) != first


def test_a_handler_gets_its_event_and_its_answer_comes_back_whole(make_pool: Callable[[str], Pool]) -> None:
    pool = make_pool("def handler(event, context): return event['text'] * 3")
    text = "ü" * 1_000_000
    assert len(pool.invoke(f'{{"text": "{text}"}}').body) > 3_000_000


def test_a_line_is_told_with_the_request_that_it_was_printed_for(
    make_pool: Callable[[str], Pool], lines: list[tuple[str, str, str]]
) -> None:
    pool = make_pool("""
import sys
print("imported")
def handler(event, context):
    print("out", context.aws_request_id)
    sys.stderr.write("no end of line")
""")
    pool.invoke("{}", "first")
    pool.invoke("{}", "second")
    pool.stop(0)
    assert [(request, line) for _, request, line in lines] == [
        ("first", "imported"),
        ("first", "out first"),
        ("first", "no end of line"),
        ("second", "out second"),
        ("second", "no end of line"),
    ]
