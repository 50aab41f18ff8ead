"""One line for each thing that functions do with boto3 and Powertools, on Lambda and in the runner alike.

The AWS that they call is a stub in this process. The handler returns what each line returned, or its error, by name.
"""

import io
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from boto3.dynamodb.conditions import Key

# Responses by operation: by X-Amz-Target, by a form's Action, or by method and path.
ANSWERS: dict[str, Any] = {
    "DynamoDB_20120810.GetItem": {"Item": {"id": {"S": "a"}, "value": {"S": "from a table"}}},
    "DynamoDB_20120810.PutItem": {},
    "DynamoDB_20120810.Query": {"Items": [{"id": {"S": "a"}, "count": {"N": "3"}}], "Count": 1},
    "DynamoDB_20120810.UpdateItem": {},
    "AmazonSSM.GetParameter": {"Parameter": {"Name": "/greeting", "Value": "hello", "Type": "String"}},
    "AmazonSQS.SendMessage": {"MessageId": "1"},
    "AWSEvents.PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]},
    "AWSStepFunctions.StartExecution": {"executionArn": "arn:execution", "startDate": 1_700_000_000.5},
    "Logs_20140328.DescribeLogGroups": {"logGroups": [{"logGroupName": "a"}]},
    "TrentService.Encrypt": {"CiphertextBlob": "c2VhbGVk", "KeyId": "key"},
    "secretsmanager.GetSecretValue": {"Name": "key", "SecretString": "secret"},
    "GetCallerIdentity": "<Account>000000000000</Account>",
    "Publish": "<MessageId>1</MessageId>",
    "SendEmail": "<MessageId>1</MessageId>",
    "GET /bucket/file": b"content",
    "GET /configuration?configuration_token=1": b'{"dark": true}',
    "POST /2015-03-31/functions/other/invocations": {"answer": 42},
    "POST /@connections/1": b"",
    "POST /configurationsessions": {"InitialConfigurationToken": "1"},
    "POST /model/model/converse": {"output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}}},
    "POST /v2/email/outbound-emails": {"MessageId": "1"},
    "PUT /bucket/file": b"",
}


class Stub(BaseHTTPRequestHandler):
    """The AWS services."""

    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        form = parse_qs(body) if b"Action=" in body else {}
        action = form.get(b"Action", [b""])[0].decode()
        answer = ANSWERS[self.headers.get("x-amz-target") or action or f"{self.command} {self.path}"]
        if isinstance(answer, str):
            answer = f"<{action}Response><{action}Result>{answer}</{action}Result></{action}Response>".encode()
        elif not isinstance(answer, bytes):
            answer = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.send_header("next-poll-configuration-token", "2")
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = answer  # noqa: N815  # http.server's names

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
os.environ["AWS_RESPONSE_CHECKSUM_VALIDATION"] = "when_required"

logger = Logger(service="libraries")
metrics = Metrics(namespace="Test", service="libraries")
tracer = Tracer(service="libraries")
client: Any = boto3.client
resource: Any = boto3.resource
config = IdempotencyConfig()
store = DynamoDBPersistenceLayer(table_name="idempotency")


@tracer.capture_method
def traced() -> str:
    return f"traced, {'disabled' if tracer.disabled else 'enabled'}"


@idempotent_function(data_keyword_argument="order", persistence_store=store, config=config)  # type: ignore[untyped-decorator]
def once(order: dict[str, str]) -> str:
    return f"ordered {order['id']}"


def measured() -> str:
    metrics.add_metric(name="Orders", unit="Count", value=1)
    metrics.flush_metrics()
    return "measured"


def uploaded() -> str:
    client("s3").upload_fileobj(io.BytesIO(b"content"), "bucket", "file")
    return "uploaded"


LINES: dict[str, Callable[[], Any]] = {
    "apigatewaymanagementapi": lambda: client("apigatewaymanagementapi").post_to_connection(
        ConnectionId="1", Data=b"!"
    ),
    "bedrock-runtime": lambda: client("bedrock-runtime").converse(
        modelId="model", messages=[{"role": "user", "content": [{"text": "Hello?"}]}]
    )["output"]["message"]["content"][0]["text"],
    "dynamodb": lambda: client("dynamodb").get_item(TableName="table", Key={"id": {"S": "a"}})["Item"]["id"],
    "dynamodb resource": lambda: resource("dynamodb").Table("table").put_item(Item={"id": "a", "count": 3}),
    "dynamodb conditions": lambda: str(
        resource("dynamodb").Table("table").query(KeyConditionExpression=Key("id").eq("a"))["Items"]
    ),
    "events": lambda: client("events").put_events(Entries=[{"Source": "test", "Detail": "{}"}])["FailedEntryCount"],
    "kms": lambda: client("kms").encrypt(KeyId="key", Plaintext=b"open")["KeyId"],
    "lambda": lambda: json.load(client("lambda").invoke(FunctionName="other")["Payload"])["answer"],
    "logs": lambda: client("logs").describe_log_groups()["logGroups"][0]["logGroupName"],
    "s3": lambda: client("s3").get_object(Bucket="bucket", Key="file")["Body"].read().decode(),
    "s3 resource": lambda: resource("s3").Object("bucket", "file").get()["Body"].read().decode(),
    "s3 upload": uploaded,
    "s3 presigned": lambda: (
        "Signature=" in client("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "file"})
    ),
    "secretsmanager": lambda: client("secretsmanager").get_secret_value(SecretId="key")["SecretString"],
    "ses": lambda: client("ses").send_email(
        Source="a@example.com", Destination={}, Message={"Subject": {"Data": ""}, "Body": {}}
    )["MessageId"],
    "sesv2": lambda: client("sesv2").send_email(Content={"Raw": {"Data": b""}})["MessageId"],
    "sns": lambda: client("sns").publish(TopicArn="arn:topic", Message="hello")["MessageId"],
    "sns resource": lambda: resource("sns").Topic("arn:topic").publish(Message="hello")["MessageId"],
    "sqs": lambda: client("sqs").send_message(QueueUrl="http://queue", MessageBody="hello")["MessageId"],
    "sqs resource": lambda: resource("sqs").Queue("http://queue").send_message(MessageBody="hello")["MessageId"],
    "ssm": lambda: client("ssm").get_parameter(Name="/greeting")["Parameter"]["Value"],
    "stepfunctions": lambda: str(client("stepfunctions").start_execution(stateMachineArn="arn:a")["startDate"]),
    "sts": lambda: client("sts").get_caller_identity()["Account"],
    "waiter": lambda: client("dynamodb").get_waiter("table_exists").name,
    "paginator": lambda: client("dynamodb").can_paginate("query"),
    "help": lambda: "Key" in str(client("dynamodb").get_item.__doc__),
    "Powertools Logger": lambda: logger.info("logged"),
    "Powertools Metrics": measured,
    "Powertools Tracer": traced,
    "Powertools idempotency": lambda: once(order={"id": "7"}),
    "Powertools parameters": lambda: parameters.get_parameter("/greeting"),
    "Powertools parameters, secret": lambda: parameters.get_secret("key"),
    "Powertools parameters, table": lambda: parameters.DynamoDBProvider(table_name="table").get("a"),
    "Powertools parameters, AppConfig": lambda: parameters.get_app_config(
        name="flags", environment="test", application="app", transform="json"
    ),
    "refused client": lambda: client("rekognition"),
    "refused resource": lambda: resource("ec2"),
}


def created(service: str) -> Any:
    return client(service).meta.service_model.service_name


def result_of(line: Callable[[], Any]) -> Any:
    try:
        result = line()
    # Whatever fails is what the test is to see.
    except Exception as problem:  # noqa: BLE001
        return f"{type(problem).__name__}: {problem}"
    return "done" if result is None or (isinstance(result, dict) and "ResponseMetadata" in result) else result


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the result of each line, and what creating a client for each of the named services returned."""
    # In the runner the event arrives in an HTTP request.
    event = json.loads(event["body"]) if "body" in event else event
    config.register_lambda_context(context)
    results = {name: result_of(line) for name, line in LINES.items()}
    return {"results": results, "clients": {name: result_of(partial(created, name)) for name in event["services"]}}
