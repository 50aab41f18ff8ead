"""The AWS services that functions can call in the runner: those in the list of a layer, if it has one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import aws_services
from tests.local.harness import Running, eventually

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


def test_the_list_of_a_layer_limits_its_functions(start: Callable[..., Running], project: Path) -> None:
    (project / "functions/echo/app.py").write_text(_HANDLER)
    running = start().ready()
    assert running.get("/echo?service=rekognition").body == b"created", "without a list"

    file = project / "layers/common/aws_services.py"
    shutil.copy(aws_services.__file__, file)
    eventually(lambda: running.get("/echo?service=rekognition").status == 500, what="the list")
    error = running.get("/echo?service=rekognition").body.decode()
    assert error.startswith("UnsupportedServiceError: The layer does not include the AWS service 'rekognition'.")
    assert "Add it to SERVICES in layers/shared/aws_services.py" in error
    assert running.get("/echo?service=dynamodb").body == b"created"

    file.write_text(file.read_text().replace('"dynamodb",', '"dynamodb",\n        "rekognition",'))
    eventually(lambda: running.get("/echo?service=rekognition").body == b"created", what="the longer list")
