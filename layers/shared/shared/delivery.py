"""Delivery: from an outbox entry to SES. Each entry is sent at least once, and marked when it was.

SES's answer can be lost after it took the mail; the entry is then sent again, with the same `X-Outbox-Id`.
"""

from email.utils import formataddr
from typing import TYPE_CHECKING

from shared import mails, outbox
from shared.aws import failures_as_ours, sesv2
from shared.config import settings
from shared.emails import ascii_address
from shared.mails import Words
from shared.outbox import Entry

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import ContentTypeDef


def deliver(entry: Entry) -> None:
    """Send the mail if there is still something to tell, and mark the entry.

    Raises:
        Unavailable: SES or DynamoDB is out of reach; worth another try.

    """
    if outbox.is_done(entry):
        return
    words = mails.compose(entry)
    if words is not None:
        _send(entry, words)
    outbox.mark_done(entry)


def _send(entry: Entry, words: Words) -> None:
    def content(text: str) -> "ContentTypeDef":
        return {"Data": text, "Charset": "UTF-8"}

    with failures_as_ours():
        sesv2().send_email(
            FromEmailAddress=formataddr((settings().app_name, settings().mail_from)),
            Destination={"ToAddresses": [ascii_address(entry.to)]},
            Content={
                "Simple": {
                    "Subject": content(words.subject),
                    "Body": {"Text": content(words.text), "Html": content(words.html)},
                    "Headers": [{"Name": "X-Outbox-Id", "Value": entry.id}],
                }
            },
        )
