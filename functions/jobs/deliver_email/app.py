"""The outbox's stream: send each mail that was decided on.

What fails is told by its position, and Lambda tries it again from there, with growing pauses.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import delivery, logs
from shared.config import settings
from shared.outbox import Entry
from shared.tables import decoded

logs.configure(settings().log_level)
processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver a batch; give the positions of those that were not."""
    return process_partial_response(event, deliver, processor, context)


def deliver(record: DynamoDBRecord) -> None:
    """Deliver one mail."""
    delivery.deliver(Entry.from_item(decoded(record["dynamodb"]["NewImage"])))
