"""The resolver, the database, and what endpoints share."""

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from common import tokens
from common.items import Failed, table

logger = Logger(service="benchmark")
tracer = Tracer(service="benchmark")
metrics = Metrics(namespace="Benchmark", service="benchmark")
app = APIGatewayHttpResolver(enable_validation=True)
_CONFIG = Config(connect_timeout=1, read_timeout=1.5, retries={"mode": "standard", "total_max_attempts": 2})


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event."""
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    answer = app.resolve(event, context)
    logger.info("request", status=answer["statusCode"])
    return answer


@app.exception_handler(Failed)
def failed(error: Failed) -> Response[str]:
    """Answer with the error's status and code."""
    return Response(error.status, content_types.APPLICATION_JSON, f'{{"message": "{error.code}"}}')


class Resource:
    """DynamoDB through boto3's resource, which converts values itself."""

    def __init__(self) -> None:
        self._resource = boto3.resource("dynamodb", config=_CONFIG)
        self.client = self._resource.meta.client

    def get(self, name: str, key: dict[str, Any]) -> dict[str, Any] | None:
        """Read an item, consistently."""
        return self._resource.Table(table(name)).get_item(Key=key, ConsistentRead=True).get("Item")

    def query(self, name: str, **request: Any) -> list[dict[str, Any]]:
        """Read one page of items."""
        return self._resource.Table(table(name)).query(**request)["Items"]

    def update(self, name: str, **request: Any) -> dict[str, Any]:
        """Update an item and return its new attributes."""
        return self._resource.Table(table(name)).update_item(ReturnValues="ALL_NEW", **request)["Attributes"]

    def delete(self, name: str, **request: Any) -> None:
        """Delete an item."""
        self._resource.Table(table(name)).delete_item(**request)

    def write(self, items: list[dict[str, Any]], token: str) -> None:
        """Write all items in one transaction."""
        self.client.transact_write_items(TransactItems=items, ClientRequestToken=token)


database = Resource()


@tracer.capture_method
def caller() -> dict[str, Any]:
    """Return the session of the caller. Raises Failed."""
    return tokens.session_of(database, tokens.bearer(app.current_event.headers.get("authorization", "")))


def client() -> tuple[str, str]:
    """Return the client's address and user agent as the gateway reports them."""
    http = app.current_event.raw_event["requestContext"]["http"]
    return http["sourceIp"], http["userAgent"]
