"""Scheduled functions: when they run, the event they get, and the schedules in the templates."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws.schedules import Schedules
from local.console import Console
from local.errors import RunnerError
from local.functions.pool import FunctionError, Result
from local.template import Schedule, read_project
from shared.records import outbox
from tests.local.harness import TIMEOUT
from tests.support import ROOT


class Functions:
    """Records the invocations; `failing` fails."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, str]] = []
        self.called = threading.Event()

    def invoke(self, name: str, event: str) -> Result:
        self.invoked.append((name, event))
        self.called.set()
        if name == "failing":
            raise FunctionError("its handler raised")
        return Result("null", cold=False)


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def schedules(functions: Functions) -> Iterator[Schedules]:
    schedules = Schedules(functions.invoke, Console())
    yield schedules
    schedules.stop()


def test_function_is_first_due_one_interval_after_the_start(
    schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.aws.schedules.time.monotonic", lambda: 1000.0)
    minute, hour = Schedule("A", "minutely", 60), Schedule("B", "hourly", 3600)
    schedules.serve([minute, hour])
    assert schedules.take_due(1059) == []
    assert schedules.take_due(1060) == [minute]
    assert schedules.take_due(1119) == []
    assert schedules.take_due(1120) == [minute]
    assert schedules.take_due(4600) == [minute, hour]
    assert schedules.take_due(4601) == [], "runs that were missed during a sleep are skipped"


def test_schedule_that_stays_keeps_its_next_run(schedules: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    minute = Schedule("A", "minutely", 60)
    monkeypatch.setattr("local.aws.schedules.time.monotonic", lambda: 1000.0)
    schedules.serve([minute])
    monkeypatch.setattr("local.aws.schedules.time.monotonic", lambda: 1050.0)
    schedules.serve([minute, Schedule("B", "new", 60)])
    assert schedules.take_due(1060) == [minute]
    schedules.serve([])
    assert schedules.take_due(9999) == []


def test_function_is_invoked_when_it_is_due(schedules: Schedules, functions: Functions) -> None:
    schedules.serve([Schedule("ARule", "now", 0)])
    assert functions.called.wait(TIMEOUT)
    schedules.serve([])
    name, event = functions.invoked[0]
    assert name == "now"
    sent = json.loads(event)
    assert (sent["source"], sent["detail-type"], sent["detail"]) == ("aws.events", "Scheduled Event", {})
    assert sent["resources"][0].endswith(":rule/ARule")


def test_input_replaces_the_event(schedules: Schedules, functions: Functions) -> None:
    schedules.run(Schedule("A", "configured", 60, '{"what": "this"}'))
    assert functions.invoked == [("configured", '{"what": "this"}')]


def test_failure_is_reported_and_does_not_end_the_schedule(
    schedules: Schedules, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(schedules._console, "warn", warnings.append)
    for _ in range(2):
        schedules.run(Schedule("A", "failing", 60))
    assert len(functions.invoked) == 2
    assert warnings == ["failing failed on its schedule: its handler raised"] * 2


EVENT = "        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /echo, Method: ANY}}\n"


def with_schedule(project_copy: Path, properties: str) -> Path:
    template = project_copy / "template.yaml"
    text = template.read_text()
    assert EVENT in text
    template.write_text(
        text.replace(EVENT, f"{EVENT}        Often: {{Type: Schedule, Properties: {{{properties}}}}}\n")
    )
    return template


@pytest.mark.parametrize(
    ("properties", "seconds"),
    [
        ("Schedule: rate(1 minute)", 60),
        ("Schedule: rate(5 minutes)", 300),
        ("Schedule: rate(2 hours)", 7200),
        ("Schedule: rate(1 day), Enabled: true", 86400),
    ],
)
def test_rate_is_converted_to_seconds(project_copy: Path, properties: str, seconds: int) -> None:
    (schedule,) = read_project(with_schedule(project_copy, properties), {}).schedules
    assert schedule == Schedule("EchoFunctionOften", "EchoFunction", seconds)


@pytest.mark.parametrize("properties", ["Schedule: cron(0 8 1 * *), State: DISABLED", "Schedule: x, Enabled: false"])
def test_disabled_schedule_is_ignored(project_copy: Path, properties: str) -> None:
    assert read_project(with_schedule(project_copy, properties), {}).schedules == ()


@pytest.mark.parametrize("schedule", ["cron(0 8 1 * *)", "rate(0 minutes)", "rate(5 seconds)"])
def test_unsupported_schedule_is_reported_with_its_function(project_copy: Path, schedule: str) -> None:
    with pytest.raises(RunnerError, match="EchoFunction: the runner serves schedules as rate"):
        read_project(with_schedule(project_copy, f"Schedule: {schedule}"), {})


def test_template_schedules_its_jobs() -> None:
    names = ("Waiting0", "Waiting1", "Waiting2", "Waiting3", "Held")
    assert read_project(ROOT / "template.yaml", {}).schedules == (
        *(
            Schedule(f"RetryEmailsFunction{name}", "RetryEmailsFunction", 60, json.dumps({"part": part}))
            for name, part in zip(names, [*outbox.SHARDS, "held"], strict=True)
        ),
        Schedule("RemoveClosedAccountsFunctionEveryFiveMinutes", "RemoveClosedAccountsFunction", 300),
    )
