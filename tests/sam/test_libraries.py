"""boto3 and Powertools in the layer: each thing that functions do with them, on the Lambda image and in the runner.

On the image the libraries are trimmed (layers/shared/trim.py), in the runner they are as published. Both refuse the
same AWS services, with the same message.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import aws_services
from aws_services import SERVICES
from tests.local.harness import RunnerProcess
from tests.sam.conftest import Build
from tests.sam.containers import IMAGE, is_here, run_in_image
from tests.support import ROOT

LIBRARIES = Path(__file__).with_name("libraries")
EVENT = {"services": sorted(SERVICES)}
# Invokes the handler and prints its result last.
_INVOKE = """
import json, sys, types
sys.path.insert(0, "/var/task")
from app import handler
context = types.SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
print(json.dumps(handler(json.loads(sys.argv[1]), context)))
"""
# What each line of libraries/app.py returns.
EXPECTED: dict[str, Any] = {
    "apigatewaymanagementapi": "done",
    "bedrock-runtime": "Hello.",
    "dynamodb": {"S": "a"},
    "dynamodb resource": "done",
    "dynamodb conditions": "[{'id': 'a', 'count': Decimal('3')}]",
    "events": 0,
    "kms": "key",
    "lambda": 42,
    "logs": "a",
    "s3": "content",
    "s3 resource": "content",
    "s3 upload": "uploaded",
    "s3 presigned": True,
    "secretsmanager": "secret",
    "ses": "1",
    "sesv2": "1",
    "sns": "1",
    "sns resource": "1",
    "sqs": "1",
    "sqs resource": "1",
    "ssm": "hello",
    "stepfunctions": "2023-11-14 22:13:20.500000+00:00",
    "sts": "000000000000",
    "waiter": "TableExists",
    "paginator": True,
    "help": True,
    "Powertools Logger": "done",
    "Powertools Metrics": "measured",
    "Powertools Tracer": "traced, enabled",
    "Powertools idempotency": "ordered 7",
    "Powertools parameters": "hello",
    "Powertools parameters, secret": "secret",
    "Powertools parameters, table": "from a table",
    "Powertools parameters, AppConfig": {"dark": True},
}
REFUSED = {"refused client": "rekognition", "refused resource": "ec2"}


@pytest.fixture(scope="module")
def on_lambda(builds: Mapping[str, Build]) -> Any:
    """What the function returns on the image."""
    if not is_here(IMAGE):
        pytest.skip(f"no Docker engine with {IMAGE} answers")
    variables = {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_LAMBDA_FUNCTION_NAME": "LibrariesFunction",
        "LAMBDA_TASK_ROOT": "/var/task",
        # Sampled: Tracer sends what it records.
        "_X_AMZN_TRACE_ID": "Root=1-69266c00-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
    }
    mounts = {"/opt": builds["default"].layer, "/var/task": LIBRARIES}
    return json.loads(run_in_image(mounts, variables, _INVOKE, json.dumps(EVENT)).splitlines()[-1])


@pytest.fixture(scope="module")
def on_runner(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the function returns in the runner, in a project whose layer has the list."""
    folder = tmp_path_factory.mktemp("libraries")
    shutil.copy(LIBRARIES / "template.yaml", folder)
    for name, file in {"function": LIBRARIES / "app.py", "layer": Path(aws_services.__file__)}.items():
        (folder / name).mkdir()
        shutil.copy(file, folder / name)
    with RunnerProcess(folder / "template.yaml", folder / "data") as running:
        return running.ready().request("POST", "/", json.dumps(EVENT)).json


@pytest.mark.docker
@pytest.mark.parametrize("line", EXPECTED)
def test_line_works_on_lambda(on_lambda: Any, line: str) -> None:
    assert on_lambda["results"][line] == EXPECTED[line]


@pytest.mark.docker
def test_every_service_in_the_list_has_a_client_on_lambda(on_lambda: Any) -> None:
    assert on_lambda["clients"] == {name: name for name in SERVICES}


@pytest.mark.docker
@pytest.mark.parametrize("line", REFUSED)
def test_unlisted_service_is_refused_on_lambda_and_the_error_names_the_list(on_lambda: Any, line: str) -> None:
    error = on_lambda["results"][line]
    assert error.startswith(f"UnsupportedServiceError: The layer does not include the AWS service {REFUSED[line]!r}.")
    assert "Add it to SERVICES in layers/shared/aws_services.py and run `make build`" in error
    assert (ROOT / "layers/shared/aws_services.py").samefile(aws_services.__file__)


@pytest.mark.docker
def test_runner_behaves_like_lambda(on_runner: Any, on_lambda: Any) -> None:
    assert on_runner == on_lambda
