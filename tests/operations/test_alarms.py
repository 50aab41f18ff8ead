"""Every alarm watches an existing metric, notifies, and has a runbook; the dashboard is valid for CloudWatch."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from samcli.yamlhelper import yaml_parse

from operations.stack import ROOT
from operations.transformed import of_type, references
from shared.core import metrics

NESTED = yaml_parse((ROOT / "operations/template.yaml").read_text(encoding="utf-8"))
ALARMS = {name: alarm["Properties"] for name, alarm in of_type(NESTED, "AWS::CloudWatch::Alarm").items()}
OWN = {*get_args(metrics.Count), *get_args(metrics.Seconds)}
WATCHED = {
    ("AWS/ApiGateway", "5xx"),
    ("AWS/ApiGateway", "Latency"),
    ("AWS/Lambda", "Throttles"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/Lambda", "Errors"),
    ("Product", "SignInFailures"),
    ("Product", "LockedSignIns"),
    ("Product", "WrongProxyKeys"),
    ("Product", "OutgoingFailures"),
    ("Product", "RequestsUnchecked"),
    ("Product", "EmailsDead"),
    ("Product", "EmailsHeld"),
    ("Product", "EmailsSent"),
    ("AWS/SES", "Reputation.BounceRate"),
    ("AWS/SES", "Reputation.ComplaintRate"),
    ("Product", "OldestUnsentEmail"),
}


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the metrics of an alarm, directly or in an expression."""
    if "MetricName" in alarm:
        yield alarm
    for part in alarm.get("Metrics", ()):
        if "MetricStat" in part:
            yield part["MetricStat"]["Metric"]


def metric_name(metric: dict[str, Any]) -> tuple[str, str]:
    namespace = metric["Namespace"]
    return namespace["Ref"] if isinstance(namespace, dict) else namespace, metric["MetricName"]


def test_alarms_watch_the_essential_metrics() -> None:
    assert {metric_name(metric) for alarm in ALARMS.values() for metric in metrics_of(alarm)} >= WATCHED


def test_alarms_watch_only_metrics_the_functions_emit(transformed: dict[str, Any]) -> None:
    alarms = [*ALARMS.values(), transformed["Resources"]["ServerErrorsAlarm"]["Properties"]]
    watched = {metric_name(metric) for alarm in alarms for metric in metrics_of(alarm)}
    assert {name for namespace, name in watched if not namespace.startswith("AWS/")} <= OWN


def test_deployments_watch_errors_of_this_stack_only(transformed: dict[str, Any]) -> None:
    (alarm,) = of_type(transformed, "AWS::CloudWatch::Alarm").values()
    (crashes,) = of_type(transformed, "AWS::Logs::MetricFilter").values()
    (counted,) = crashes["Properties"]["MetricTransformations"]
    assert crashes["Properties"]["LogGroupName"] == {"Ref": "FunctionLogs"}
    watched = [(metric["Namespace"], metric["MetricName"]) for metric in metrics_of(alarm["Properties"])]
    assert watched == [({"Ref": "AWS::StackName"}, "ServerErrors")]
    assert [(counted["MetricNamespace"], counted["MetricName"])] == watched


# What Lambda and its Python runtime write in text format, and what our own loggers write.
LINES = {
    "2026-11-27T05:37:19.000Z 8f5a4d52-7f5c-4c3c-9a55-0c7b1f6f8a11 Task timed out after 15.02 seconds": True,
    "RequestId: 8f5a4d52-7f5c-4c3c-9a55-0c7b1f6f8a11 Error: Runtime exited with error: signal: killed": True,
    "RequestId: 8f5a4d52-7f5c-4c3c-9a55-0c7b1f6f8a11 Error: Runtime exited without providing a reason": True,
    "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'shared'": True,
    "[ERROR] KeyError: 'Records'\nTraceback (most recent call last):": True,
    "REPORT RequestId: 8f5a4d52-7f5c-4c3c-9a55-0c7b1f6f8a11 Duration: 15000.00 ms Status: timeout": False,
    "START RequestId: 8f5a4d52-7f5c-4c3c-9a55-0c7b1f6f8a11 Version: 12": False,
    '{"time": "2026-11-27T05:37:19.000Z", "level": "ERROR", "message": "request failed"}': False,
    '{"_aws": {"Timestamp": 1}, "ServerErrors": 1}': False,
}


@pytest.mark.parametrize(("line", "counts"), LINES.items())
def test_function_that_fails_without_a_response_counts_once(
    transformed: dict[str, Any], line: str, *, counts: bool
) -> None:
    (crashes,) = of_type(transformed, "AWS::Logs::MetricFilter").values()
    pattern = crashes["Properties"]["FilterPattern"]
    # Each term is optional: one is enough. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    terms = re.findall(r'\?"([^"]+)"', pattern)
    assert pattern == " ".join(f'?"{term}"' for term in terms)
    assert any(term in line for term in terms) is counts


def test_every_dead_letter_queue_has_an_alarm(transformed: dict[str, Any]) -> None:
    given = transformed["Resources"]["Operations"]["Properties"]["Parameters"]
    watched = {
        next(references(given[dimension["Value"]["Ref"]]))
        for alarm in ALARMS.values()
        if alarm.get("Namespace") == "AWS/SQS"
        for dimension in alarm["Dimensions"]
    }
    assert watched == set(of_type(transformed, "AWS::SQS::Queue"))


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_notifies_the_topic(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert NESTED["Resources"]["AlarmSubscription"]["Properties"]["TopicArn"] == {"Ref": "AlarmTopic"}


@pytest.mark.parametrize("name", ALARMS)
def test_missing_data_is_an_alarm_only_for_the_metric_sent_every_minute(name: str) -> None:
    breaching = name == "OldestUnsentEmail"
    assert ALARMS[name]["TreatMissingData"] == ("breaching" if breaching else "notBreaching")


def test_runbooks_have_a_row_for_every_alarm() -> None:
    text = (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")
    table = text.partition("## When an alarm goes off")[2].partition("\n## ")[0]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(name for first in firsts for name in re.findall(r"`(\w+)`", first)) == sorted(ALARMS)


def test_runbooks_explain_every_widget_of_the_dashboard() -> None:
    text = (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")
    section = text.partition("## Reading the dashboard")[2].partition("\n## ")[0]
    assert re.findall(r"\*\*(.+?)\*\*", section) == [widget["properties"]["title"] for widget in widgets()]


def test_nested_template_gets_every_parameter(transformed: dict[str, Any]) -> None:
    given = transformed["Resources"]["Operations"]["Properties"]["Parameters"]
    assert set(given) == set(NESTED["Parameters"])


def test_alarm_topic_is_subscribed_only_with_an_address() -> None:
    assert NESTED["Resources"]["AlarmSubscription"]["Condition"] == "HasAlarmEmail"
    assert NESTED["Conditions"]["HasAlarmEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}


# Dashboard


def widgets() -> list[dict[str, Any]]:
    """Return the dashboard's widgets after CloudFormation has substituted the variables."""
    values = {"Product": "the-stack", "AWS::Region": "eu-west-1", "ApiId": "abc", "FunctionLogsName": "the-logs"}
    text = NESTED["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([\w:]+)\}", lambda match: values[match[1]], text))["widgets"]
    return found


def test_dashboard_widgets_do_not_overlap_and_fill_the_width() -> None:
    places = [
        (column, widget["y"]) for widget in widgets() for column in range(widget["x"], widget["x"] + widget["width"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) == 23


def test_dashboard_shows_every_metric_the_functions_emit() -> None:
    shown = set(re.findall(r'"(\w+)"', json.dumps([widget["properties"].get("metrics") for widget in widgets()])))
    # Shown as the API's own 5xx instead.
    assert OWN - shown == {"ServerErrors"}


def test_dashboard_searches_match_names_that_begin_with_the_stack_name() -> None:
    searches = re.findall(r"SEARCH\('(.*?)'", json.dumps(widgets()).replace('\\"', '"'))
    assert len(searches) == 4
    for search in searches:
        # A quoted name must match exactly. Unquoted, its parts must follow each other in the name found.
        assert re.search(r" (?:FunctionName|TableName)=the-stack$", search), search
