"""The queue of failed stream batches, as positions in the outbox's stream.

The entries themselves are in the outbox, either waiting or dead, so the queue never needs to be read.
"""

from shared.core.aws import sqs, translated_errors
from shared.core.config import variable

_BATCH_SIZE = 10


def purge() -> int:
    """Delete every message in the queue, and return their number.

    Raises:
        Unavailable: SQS is throttling or unreachable.

    """
    queue, deleted = variable("UNDELIVERED_EMAIL_QUEUE"), 0
    with translated_errors():
        while messages := sqs().receive_message(QueueUrl=queue, MaxNumberOfMessages=_BATCH_SIZE).get("Messages"):
            for message in messages:
                sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            deleted += len(messages)
    return deleted
