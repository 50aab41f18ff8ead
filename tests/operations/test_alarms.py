"""The alarms watch what there is, tell somebody and have a runbook; the dashboard is one that CloudWatch takes."""

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
    ("Product", "EmailsDead"),
    ("Product", "OldestUnsentEmail"),
}


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the metrics that an alarm looks at, itself or in an expression."""
    if "MetricName" in alarm:
        yield alarm
    for part in alarm.get("Metrics", ()):
        if "MetricStat" in part:
            yield part["MetricStat"]["Metric"]


def named(metric: dict[str, Any]) -> tuple[str, str]:
    namespace = metric["Namespace"]
    return namespace["Ref"] if isinstance(namespace, dict) else namespace, metric["MetricName"]


def test_what_matters_is_watched() -> None:
    assert {named(metric) for alarm in ALARMS.values() for metric in metrics_of(alarm)} >= WATCHED


def test_what_is_watched_is_what_functions_count(transformed: dict[str, Any]) -> None:
    alarms = [*ALARMS.values(), transformed["Resources"]["ServerErrorsAlarm"]["Properties"]]
    counted = {named(metric) for alarm in alarms for metric in metrics_of(alarm)}
    assert {name for namespace, name in counted if not namespace.startswith("AWS/")} <= OWN


def test_every_queue_of_what_was_given_up_is_watched(transformed: dict[str, Any]) -> None:
    given = transformed["Resources"]["Operations"]["Properties"]["Parameters"]
    watched = {
        next(references(given[dimension["Value"]["Ref"]]))
        for alarm in ALARMS.values()
        if alarm.get("Namespace") == "AWS/SQS"
        for dimension in alarm["Dimensions"]
    }
    assert watched == set(of_type(transformed, "AWS::SQS::Queue"))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_whoever_wants_to_know(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert NESTED["Resources"]["AlarmSubscription"]["Properties"]["TopicArn"] == {"Ref": "AlarmTopic"}


@pytest.mark.parametrize("name", ALARMS)
def test_no_data_is_no_alarm_but_where_a_job_counts_every_minute(name: str) -> None:
    breaching = name == "OldestUnsentEmail"
    assert ALARMS[name]["TreatMissingData"] == ("breaching" if breaching else "notBreaching")


def test_every_alarm_has_a_row_in_the_runbooks() -> None:
    text = (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")
    table = text.partition("## When an alarm goes off")[2].partition("\n## ")[0]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(name for first in firsts for name in re.findall(r"`(\w+)`", first)) == sorted(ALARMS)


def test_the_nested_template_is_given_what_it_asks_for(transformed: dict[str, Any]) -> None:
    given = transformed["Resources"]["Operations"]["Properties"]["Parameters"]
    assert set(given) == set(NESTED["Parameters"])


def test_an_address_subscribes_and_no_address_does_not() -> None:
    assert NESTED["Resources"]["AlarmSubscription"]["Condition"] == "HasAlarmEmail"
    assert NESTED["Conditions"]["HasAlarmEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}


# The dashboard -------------------------------------------------------------------------------------


def widgets() -> list[dict[str, Any]]:
    """Give the dashboard's widgets, as they are when CloudFormation has put values in."""
    values = {"Product": "the-stack", "AWS::Region": "eu-west-1", "ApiId": "abc", "FunctionLogsName": "the-logs"}
    text = NESTED["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([\w:]+)\}", lambda match: values[match[1]], text))["widgets"]
    return found


def test_the_dashboard_is_json_with_a_place_for_each_widget() -> None:
    places = [
        (column, widget["y"]) for widget in widgets() for column in range(widget["x"], widget["x"] + widget["width"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) == 23


def test_the_dashboard_shows_what_functions_count() -> None:
    shown = set(re.findall(r'"(\w+)"', json.dumps([widget["properties"].get("metrics") for widget in widgets()])))
    # The API's own 5xx is shown instead.
    assert OWN - shown == {"ServerErrors"}


def test_searches_find_what_begins_with_the_stack_s_name() -> None:
    searches = re.findall(r"SEARCH\('(.*?)'", json.dumps(widgets()).replace('\\"', '"'))
    assert len(searches) == 4
    for search in searches:
        # A name in quotes has to be equal. Without, its parts have to follow each other in what is found.
        assert re.search(r" (?:FunctionName|TableName)=the-stack$", search), search
