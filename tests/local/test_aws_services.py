"""The AWS services that functions can call in the runner: those in the list of a layer, if it has one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import aws_services
from tests.local.harness import RunnerProcess, eventually

pytestmark = pytest.mark.thorough

_HANDLER = '''"""Creates a client for a service."""

import boto3


def handler(event, _context):
    try:
        boto3.client(event["queryStringParameters"]["service"])
    except Exception as problem:
        return {"statusCode": 500, "body": f"{type(problem).__name__}: {problem}"}
    return {"statusCode": 200, "body": "created"}
'''


def test_list_of_a_layer_limits_its_functions(start: Callable[..., RunnerProcess], project_copy: Path) -> None:
    (project_copy / "functions/echo/app.py").write_text(_HANDLER)
    runner = start().ready()
    assert runner.get("/echo?service=rekognition").body == b"created", "without a list"

    file = project_copy / "layers/common/aws_services.py"
    shutil.copy(aws_services.__file__, file)
    eventually(lambda: runner.get("/echo?service=rekognition").status == 500, what="the list")
    error = runner.get("/echo?service=rekognition").body.decode()
    assert error.startswith("UnsupportedServiceError: The layer does not include the AWS service 'rekognition'.")
    assert "Add it to SERVICES in layers/shared/aws_services.py" in error
    assert runner.get("/echo?service=dynamodb").body == b"created"

    file.write_text(file.read_text().replace('"dynamodb",', '"dynamodb",\n        "rekognition",'))
    eventually(lambda: runner.get("/echo?service=rekognition").body == b"created", what="the longer list")
