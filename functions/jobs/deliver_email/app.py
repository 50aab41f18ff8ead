"""The outbox's stream: try each mail that was decided on, at once and exactly once.

A mail that cannot be sent is noted on its entry and tried again by retry_emails. Only what could not be claimed or
noted is told to Lambda, by its position; Lambda tries it again from there, with growing pauses.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import startup
from shared.mail import delivery
from shared.records import outbox

startup.finish()
processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


class NoTimeLeft(Exception):
    """The function would be ended while it is at the next mail."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver a batch; give the positions of those that are to be tried again."""
    return process_partial_response(event, deliver, processor, context)


def deliver(record: DynamoDBRecord, lambda_context: LambdaContext) -> None:
    """Deliver one mail, unless somebody else does or did."""
    if not delivery.has_time(lambda_context):
        raise NoTimeLeft
    entry = outbox.claim_new(record["dynamodb"]["Keys"]["id"]["S"])
    if entry is not None:
        delivery.deliver(entry)
