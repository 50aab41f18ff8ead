"""Run by the outbox's stream: try each new email immediately, once.

If an email cannot be sent, the failure is stored on its entry, and retry_emails tries again. Only entries that could
not be claimed or updated are reported to Lambda, by their position; Lambda retries from there with growing delays.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import startup
from shared.mail import delivery, providers
from shared.records import outbox

startup.finish()
processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver a batch, and return the positions to retry."""
    return process_partial_response(event, deliver, processor, context)


def deliver(record: DynamoDBRecord, lambda_context: LambdaContext) -> None:
    """Deliver one email, unless it has been tried, or it would take too long: then retry_emails finds it."""
    if not delivery.has_time(lambda_context) or providers.all_are_behind():
        return
    # Every stream record has `dynamodb` and its keys.
    entry = outbox.claim_new(record.dynamodb.keys["id"])  # type: ignore[union-attr]
    if entry is not None:
        delivery.deliver(entry)
