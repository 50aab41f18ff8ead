"""The AWS services that a function can call are those that the layer includes, in its tests too."""

from collections.abc import Callable

import boto3
import pytest

from aws_services import SERVICES, UnsupportedServiceError


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("make", [boto3.client, boto3.resource])
def test_unlisted_service_is_refused(make: Callable[[str], object]) -> None:
    message = r"'ec2'\. Add it to SERVICES in layers/shared/aws_services\.py and run `make build`"
    with pytest.raises(UnsupportedServiceError, match=message) as error:
        make("ec2")
    assert str(error.value).endswith("ssm, stepfunctions, sts.")


@pytest.mark.usefixtures("environment")
def test_listed_service_has_its_client_and_resource() -> None:
    assert "s3" in SERVICES
    assert boto3.client("s3").meta.service_model.service_name == "s3"
    assert boto3.resource("s3").meta.service_name == "s3"


def test_botocore_has_all_services_outside_the_functions() -> None:
    assert boto3.client("ec2", region_name="eu-west-1").meta.service_model.service_name == "ec2"
