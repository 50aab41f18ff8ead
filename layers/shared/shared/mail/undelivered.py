"""The queue of what the outbox's stream gave up: positions in the stream, which nobody has to read.

Their entries are in the outbox, where each waits or is dead, whatever the stream does.
"""

from shared.core.aws import sqs, translated_errors
from shared.core.config import settings

_MOST_AT_ONCE = 10


def purge() -> int:
    """Delete what is in the queue; give how much that was.

    Raises:
        Unavailable: SQS is throttling or out of reach.

    """
    queue, deleted = settings().undelivered_email_queue, 0
    with translated_errors():
        while messages := sqs().receive_message(QueueUrl=queue, MaxNumberOfMessages=_MOST_AT_ONCE).get("Messages"):
            for message in messages:
                sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            deleted += len(messages)
    return deleted
