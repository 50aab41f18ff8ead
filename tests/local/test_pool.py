"""The worker pool by itself, without a whole runner."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.aws.credentials import Credentials
from local.functions import pool as pools
from local.functions.pool import ForkServer, FunctionBusyError, FunctionError, FunctionTimeoutError, Pool
from local.template import Function
from tests.local.harness import alive, descendants, eventually

# A function that runs until the file `go` exists in its folder.
WAITING = """
import os, time
def handler(event, context):
    print("started in", os.getppid())
    while not os.path.exists("go"):
        time.sleep(0.005)
    return True
"""


@pytest.fixture
def fork_server() -> Iterator[ForkServer]:
    lifeline, write_end = os.pipe()
    fork_server = ForkServer((), lifeline)
    yield fork_server
    fork_server.stop()
    os.close(lifeline)
    os.close(write_end)


@pytest.fixture
def lines() -> list[tuple[str, str, str]]:
    """The output of the functions: name, request id, line."""
    return []


@pytest.fixture
def make_pool(
    fork_server: ForkServer, tmp_path: Path, lines: list[tuple[str, str, str]]
) -> Iterator[Callable[[str], Pool]]:
    """Create a pool for a function with this code."""
    created: list[Pool] = []

    def make(code: str) -> Pool:
        (tmp_path / "app.py").write_text(code)
        function = Function("TestFunction", tmp_path, "app.handler", timeout=1)
        environment = pools.lambda_environment(function, "http://127.0.0.1:9", Credentials.new())
        created.append(Pool(fork_server, function, environment, lambda *line: lines.append(line)))
        return created[-1]

    yield make
    for pool in created:
        pool.stop(0)


def test_function_does_not_find_the_packages_of_the_project(make_pool: Callable[[str], Pool]) -> None:
    with pytest.raises(FunctionError, match="No module named 'operations'"):
        make_pool("import operations\ndef handler(event, context): return True").invoke("{}")


def test_endless_import_is_killed(make_pool: Callable[[str], Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IMPORT_SECONDS", 0.1)
    before = set(descendants(os.getpid()))
    pool = make_pool("while True: pass")
    with pytest.raises(FunctionTimeoutError):
        pool.invoke("{}")
    eventually(lambda: not any(alive(pid) for pid in set(descendants(os.getpid())) - before), what="the worker to exit")


def test_killed_fork_server_is_replaced(make_pool: Callable[[str], Pool]) -> None:
    pool = make_pool("import os\ndef handler(event, context): return os.getppid()")
    first = int(pool.invoke("{}").body)
    os.kill(first, 9)
    eventually(lambda: not alive(first), what="the fork server to exit")
    assert int(pool.invoke("{}").body) != first


def test_requests_beyond_the_limit_are_rejected_at_once(
    make_pool: Callable[[str], Pool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pools, "MAX_WORKERS", 1)
    monkeypatch.setattr(pools, "MAX_WAITING", 2)
    pool = make_pool(WAITING)
    with ThreadPoolExecutor() as threads:
        accepted = [threads.submit(pool.invoke, "{}") for _ in range(3)]
        eventually(lambda: pool._waiting == 2, what="two waiting requests")
        try:
            with pytest.raises(FunctionBusyError):
                pool.invoke("{}")
        finally:
            (tmp_path / "go").touch()
        assert [request.result().body for request in accepted] == ["true"] * 3
    assert pool.invoke("{}").body == "true"


def test_request_that_waits_too_long_for_a_worker_is_rejected(
    make_pool: Callable[[str], Pool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pools, "MAX_WORKERS", 1)
    pool = make_pool(WAITING)
    with ThreadPoolExecutor() as threads:
        accepted = threads.submit(pool.invoke, "{}")
        eventually(lambda: pool._busy, what="a busy worker")
        monkeypatch.setattr(pools, "GATEWAY_SECONDS", 0.01)
        try:
            with pytest.raises(FunctionBusyError, match="its 1 workers were busy"):
                pool.invoke("{}")
        finally:
            (tmp_path / "go").touch()
        assert accepted.result().body == "true"


def fork_server_of(lines: list[tuple[str, str, str]], request: int = 0) -> int:
    """Return the process that forked the worker of a request to WAITING, once that request has started."""
    line = eventually(lambda: lines[request:], what=f"the start of request {request}")[0][2]
    return int(line.rpartition(" ")[2])


def test_changed_layers_do_not_interrupt_a_request(
    make_pool: Callable[[str], Pool],
    fork_server: ForkServer,
    lines: list[tuple[str, str, str]],
    tmp_path: Path,
) -> None:
    pool = make_pool(WAITING)
    with ThreadPoolExecutor() as threads:
        request = threads.submit(pool.invoke, "{}")
        old = fork_server_of(lines)
        fork_server.use_layers((tmp_path,))
        pool.retire()
        assert alive(old), "the old fork server waits for its worker"
        (tmp_path / "go").touch()
        assert request.result().body == "true"
    eventually(lambda: not alive(old), what="the old fork server to exit")
    assert pool.invoke("{}").body == "true"
    assert fork_server_of(lines, request=1) != old


def test_fork_server_survives_the_thread_that_started_it(
    make_pool: Callable[[str], Pool], fork_server: ForkServer, tmp_path: Path
) -> None:
    pool = make_pool("import os\ndef handler(event, context): return os.getppid()")

    def switch() -> int:
        fork_server.use_layers((tmp_path,))
        return int(pool.invoke("{}").body)

    with ThreadPoolExecutor() as threads:
        first = threads.submit(switch).result()
    assert int(pool.invoke("{}").body) == first


def test_stopping_ends_the_fork_servers_of_earlier_layers(
    make_pool: Callable[[str], Pool], fork_server: ForkServer, lines: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    pool = make_pool(WAITING)
    with ThreadPoolExecutor() as threads:
        request = threads.submit(pool.invoke, "{}")
        old = fork_server_of(lines)
        fork_server.use_layers((tmp_path,))
        fork_server.stop()
        assert not alive(old)
        with pytest.raises(FunctionError):
            request.result()


def test_large_events_and_results_arrive_complete(make_pool: Callable[[str], Pool]) -> None:
    pool = make_pool("def handler(event, context): return event['text'] * 3")
    text = "ü" * 1_000_000
    assert len(pool.invoke(f'{{"text": "{text}"}}').body) > 3_000_000


def test_each_line_is_reported_with_its_request(
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
