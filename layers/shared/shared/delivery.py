"""Delivery: from an outbox entry to SES. Each entry is sent at least once, and marked when it was.

SES's answer can be lost after it took the mail; the entry is then sent again, with the same `X-Outbox-Id`.

A mail that SES will never take is given up at once. Tried again, it would keep every later mail of its part of the
stream waiting, and anybody could bring that about by registering with an address that SES refuses.
"""

from email.utils import formataddr
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared import logs, mails, outbox
from shared.aws import error_code, failures_as_ours, sesv2
from shared.config import settings
from shared.emails import ascii_address
from shared.mails import Mail
from shared.outbox import Entry

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import ContentTypeDef


# SES API v2, SendEmail: of this one mail. What holds for the whole account (paused, not verified) may pass.
_REFUSALS = frozenset({"BadRequestException", "MessageRejected"})


def deliver(entry: Entry) -> None:
    """Send the mail if there is still something to tell, and mark the entry.

    Raises:
        Unavailable: SES or DynamoDB is out of reach; worth another try.

    """
    if outbox.is_done(entry):
        return
    mail = mails.compose(entry)
    if mail is not None:
        try:
            _send(entry, mail)
        except ClientError as error:
            if error_code(error) not in _REFUSALS:
                raise
            fields = {"entry": entry.id, "kind": entry.kind, "code": error_code(error)}
            logs.logger.error("mail refused by SES", extra={"fields": fields})
    outbox.mark_done(entry)


def _send(entry: Entry, mail: Mail) -> None:
    def content(text: str) -> "ContentTypeDef":
        return {"Data": text, "Charset": "UTF-8"}

    with failures_as_ours():
        sesv2().send_email(
            FromEmailAddress=formataddr((settings().app_name, settings().mail_from)),
            Destination={"ToAddresses": [ascii_address(mail.to)]},
            ReplyToAddresses=[ascii_address(mail.reply_to)] if mail.reply_to else [],
            ConfigurationSetName=settings().mail_configuration_set,
            Content={
                "Simple": {
                    "Subject": content(mail.subject),
                    "Body": {"Text": content(mail.text), "Html": content(mail.html)},
                    "Headers": [{"Name": "X-Outbox-Id", "Value": entry.id}],
                }
            },
        )
