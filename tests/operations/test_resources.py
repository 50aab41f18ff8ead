"""What `make build` prints about the number of resources."""

import copy
import sys

import pytest

from operations import resources
from operations.stack import OperationError, Stack
from operations.transformed import GRADUAL, Template, of_type, transform


def test_deployment_at_once_leaves_room_for_40_endpoints() -> None:
    template = transform(Deployment="AllAtOnce")
    room = resources.count(template)
    assert room.declared == len(template["Resources"])
    # A function, its version, its alias, its role, and the permission of the API to call it.
    assert room.per_endpoint == 5
    assert room.endpoints >= 40


def test_gradual_deployment_leaves_room_for_25_endpoints() -> None:
    template = transform(Deployment=GRADUAL)
    room = resources.count(template)
    assert room.declared == len(template["Resources"])
    # A deployment group besides.
    assert room.per_endpoint == 6
    assert room.endpoints >= 25


def test_resources_count_even_if_their_condition_is_false(transformed: Template) -> None:
    """CloudFormation counts what the template declares, before it knows the parameters."""
    assert transformed["Resources"]["ApiDomain"]["Condition"] == "HasDomain"
    assert resources.count(transformed).declared == len(transformed["Resources"])


def test_costs_of_an_endpoint_are_read_from_the_template(transformed: Template) -> None:
    template = copy.deepcopy(transformed)
    for name in of_type(transformed, "AWS::Lambda::Function"):
        template["Resources"][f"{name}Queue"] = {"Type": "AWS::SQS::Queue"}
    assert resources.count(template).per_endpoint == resources.count(transformed).per_endpoint + 1


def test_jobs_do_not_change_the_costs_of_an_endpoint(transformed: Template) -> None:
    template = copy.deepcopy(transformed)
    for number in range(100):
        template["Resources"][f"RetryEmailsFunctionQueue{number}"] = {"Type": "AWS::SQS::Queue"}
    before, after = resources.count(transformed), resources.count(template)
    assert (after.declared, after.per_endpoint) == (before.declared + 100, before.per_endpoint)


@pytest.mark.parametrize(
    ("declared", "per_endpoint", "endpoints"), [(0, 5, 100), (184, 5, 63), (496, 5, 0), (500, 5, 0), (502, 5, 0)]
)
def test_only_whole_endpoints_fit(declared: int, per_endpoint: int, endpoints: int) -> None:
    assert resources.Room(declared, per_endpoint).endpoints == endpoints


@pytest.mark.parametrize(
    ("stage", "deployment", "cost"), [("default", "AllAtOnce", 5), ("prod", "Canary10Percent5Minutes", 6)]
)
def test_report_uses_the_parameters_of_the_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stage: str, deployment: str, cost: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["resources", "--stage", stage])
    resources.main()
    room = resources.count(transform(Deployment=deployment))
    assert capsys.readouterr().out == (
        f"\nResources: {room.declared} of 500 with {deployment}; "
        f"about {room.endpoints} more endpoints fit ({cost} each)\n"
    )


def test_template_with_too_many_resources_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "LIMIT", 100)
    with pytest.raises(OperationError, match=r"at most 100 resources in a stack.*, and this one has \d+"):
        resources.report(Stack.of_stage("default"))
