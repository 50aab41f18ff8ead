"""The AWS services that functions can call. To call another one, add it here and run `make build`.

Names are those of `boto3.client(name)`. A service adds its description to the layer, 1 KB to 35 KB zipped, and less
than 0.1% to every cold start, since botocore reads the endpoints of all services at once. `boto3.resource` works for
cloudwatch, dynamodb, s3, sns and sqs.

The layer's build leaves out the descriptions of all other services, which are most of botocore. For those, a client or
a resource raises UnsupportedServiceError: on Lambda, in the local runner and in the tests of endpoints alike.
"""

from functools import wraps
from typing import Any

SERVICES = frozenset(
    {
        "apigatewaymanagementapi",  # messages to the clients of a WebSocket API
        "appconfigdata",  # Powertools' feature flags
        "bedrock-agent-runtime",
        "bedrock-runtime",
        "cloudwatch",
        "cognito-idp",
        "dynamodb",
        "dynamodbstreams",
        "events",  # EventBridge
        "firehose",
        "kinesis",
        "kms",
        "lambda",
        "logs",
        "rds-data",
        "s3",
        "scheduler",
        "secretsmanager",
        "ses",
        "sesv2",
        "sns",
        "sqs",
        "ssm",  # Parameter Store
        "stepfunctions",
        "sts",
    }
)


class UnsupportedServiceError(Exception):
    """The service is not in the list."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The layer does not include the AWS service {service!r}. Add it to SERVICES in "
            f"layers/shared/aws_services.py and run `make build`. Included: {', '.join(sorted(SERVICES))}."
        )


def limit(loader: Any) -> None:
    """Make botocore's Loader class refuse services that are not in the list.

    The build adds this call to the layer's botocore, and the runner's workers make it when they start.
    """
    load = loader.load_service_model

    @wraps(load)
    def load_service_model(self: Any, service_name: str, *arguments: Any, **options: Any) -> Any:
        if service_name not in SERVICES:
            raise UnsupportedServiceError(service_name)
        return load(self, service_name, *arguments, **options)

    loader.load_service_model = load_service_model
