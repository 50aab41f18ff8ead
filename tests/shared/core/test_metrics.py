"""The metrics that alarms use, as CloudWatch extracts them from the log."""

import json
from typing import Any

import pytest

from shared.core import config, metrics
from tests.support import PASSWORD, faults
from tests.support.api import Api
from tests.support.faults import Wire


def metric_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines that contain metrics."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]


@pytest.mark.usefixtures("environment")
def test_line_is_in_the_embedded_metric_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", "shop")
    config.settings.cache_clear()
    metrics.seconds("OldestUnsentEmail", 42)
    (line,) = metric_lines(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "shop",
        "Dimensions": [[]],
        "Metrics": [{"Name": "OldestUnsentEmail", "Unit": "Seconds"}],
    }
    assert line["OldestUnsentEmail"] == 42
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_sign_ins_and_failures_are_counted(ada: Api, capsys: pytest.CaptureFixture[str]) -> None:
    ada.signed_in("ada@example.com", PASSWORD)
    assert [line["SignIns"] for line in metric_lines(capsys)] == [1]
    for _ in range(6):
        ada.post("/api/auth/login", {"email": "ada@example.com", "password": "wrong"})
    names = [name for line in metric_lines(capsys) for name in line if name != "_aws"]
    assert names == ["SignInFailures"] * 5 + ["LockedSignIns"]


def test_5xx_responses_are_counted(api: Api, wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    wire.fail(faults.unreachable)
    assert api.get("/api/health").status == 503
    assert [line["ServerErrors"] for line in metric_lines(capsys)] == [1]


def test_other_responses_are_not_counted(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert api.get("/api/users").status == 401
    assert metric_lines(capsys) == []
