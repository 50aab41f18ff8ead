"""Who sends mails: SES and SendGrid, the second of two where the first fails.

A provider either takes a mail, refuses it for good, or fails for now. A provider that has failed five times on end is
left alone for half a minute: its circuit is open. Then one mail goes to it as a probe, and if that is answered, the
circuit is closed. The state is kept in DynamoDB, so that every execution environment knows it.
"""

import json
import re
from abc import ABC, abstractmethod
from datetime import UTC
from email.utils import formataddr, parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import urllib3
from aws_lambda_powertools.utilities.circuit_breaker import (
    CircuitBreakerConfig,
    CircuitBreakerOpenError,
    CircuitState,
    CircuitTransition,
    circuit_breaker,
)
from aws_lambda_powertools.utilities.circuit_breaker.persistence import CircuitBreakerDynamoDBPersistence
from botocore.exceptions import BotoCoreError, ClientError

from shared.core import aws, clock, logs
from shared.core.config import settings
from shared.core.errors import Unavailable
from shared.mail.messages import Message
from shared.records.limits import LIMITS
from shared.values.emails import ascii_address

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import ContentTypeDef, SendEmailRequestTypeDef


class PermanentFailure(Exception):
    """The provider will never take this mail. `reason` is a code: nothing of the mail is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientFailure(Exception):
    """The provider does not take mails just now: worth another try, in `retry_after` seconds if it has said so."""

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Provider(ABC):
    """Somebody who sends mails."""

    name: ClassVar[str]

    @abstractmethod
    def send(self, mail: Message, entry_id: str) -> None:
        """Send a mail with this `X-Outbox-Id`.

        Raises:
            PermanentFailure: this mail, for good.
            TransientFailure: for now.

        """

    def _account_fails(self, reason: str, retry_after: int | None = None) -> TransientFailure:
        """Tell of what a person has to put right: mails wait until then."""
        logs.logger.error("mail provider refuses the account", extra={"fields": {"reason": reason}})
        return TransientFailure(reason, retry_after)


def send(mail: Message, entry_id: str) -> None:
    """Have the first provider that can send a mail.

    Raises:
        PermanentFailure: this mail, for good.
        TransientFailure: none can, for now.

    """
    failures = []
    for name in settings().mail_providers.split(","):
        try:
            _send_by(_PROVIDERS[name], mail, entry_id)
        except TransientFailure as failure:
            failures.append(failure)
        else:
            return
    # One that has named no time may be back long before another's six hours are over.
    pauses = [failure.retry_after for failure in failures if failure.retry_after is not None]
    retry_after = min(pauses) if len(pauses) == len(failures) else None
    raise TransientFailure(",".join(failure.reason for failure in failures), retry_after) from failures[-1]


# The circuits --------------------------------------------------------------------------------------

_CIRCUIT = CircuitBreakerConfig(
    failure_threshold=5, recovery_timeout=clock.MINUTE // 2, success_threshold=1, handled_exceptions=TransientFailure
)


@cache
def circuits() -> CircuitBreakerDynamoDBPersistence:
    """Give what keeps the state of the circuits."""
    return CircuitBreakerDynamoDBPersistence(
        LIMITS.name, key_attr="key", expiry_attr="expiresAt", boto3_client=aws.dynamodb()
    )


def all_circuits_open() -> bool:
    """Say whether every provider is left alone just now, so that no mail need be claimed."""
    return all(_is_resting(name) for name in settings().mail_providers.split(","))


def _is_resting(name: str) -> bool:
    circuit = circuits().get_state(_circuit(name))
    if circuit.state == CircuitState.HALF_OPEN:
        # Somebody is just probing it, or died of that; all others would be turned away until their lease ends.
        return clock.now() < (circuit.probe_lease_expiry or 0)
    return circuit.state == CircuitState.OPEN and clock.now() < (circuit.opened_at or 0) + _CIRCUIT.recovery_timeout


def _circuit(name: str) -> str:
    return f"circuit#{name}"


def _send_by(provider: Provider, mail: Message, entry_id: str) -> None:
    @circuit_breaker(_circuit(provider.name), circuits(), on_transition=_log_transition, config=_CIRCUIT)
    def ask() -> PermanentFailure | None:
        # Whoever refuses a mail is there: a probe that is refused must close the circuit.
        try:
            provider.send(mail, entry_id)
        except PermanentFailure as refusal:
            return refusal
        return None

    try:
        with aws.translated_errors():
            refusal = ask()
    except Unavailable as error:  # DynamoDB, when the probe is elected: there may be another provider
        raise TransientFailure(f"{provider.name}_circuit_unavailable") from error
    except CircuitBreakerOpenError as error:
        opened_at = error.circuit.opened_at if error.circuit else None
        pause = (opened_at or clock.now()) + _CIRCUIT.recovery_timeout - clock.now()
        raise TransientFailure(f"{provider.name}_circuit_open", max(1, pause)) from error
    if refusal is not None:
        raise refusal


def _log_transition(transition: CircuitTransition) -> None:
    fields = {"circuit": transition.circuit_name, "from": transition.from_state, "to": transition.to_state}
    logs.logger.warning("circuit of a mail provider", extra={"fields": fields})


# SES -----------------------------------------------------------------------------------------------


class Ses(Provider):
    """Amazon SES, API v2 (SendEmail)."""

    name = "ses"
    # Of this one mail. What else SES answers holds for the whole account (paused, not verified) and may pass.
    _REFUSALS = frozenset({"BadRequestException", "MessageRejected"})

    def send(self, mail: Message, entry_id: str) -> None:
        try:
            aws.sesv2().send_email(**self._request(mail, entry_id))
        except ClientError as error:
            code = aws.error_code(error)
            # The sender's address, or in the sandbox the recipient's. Only its words tell this from a bad mail.
            if code == "MessageRejected" and "not verified" in error.response["Error"].get("Message", ""):
                raise self._account_fails("ses_unverified") from error
            if code in self._REFUSALS:
                raise PermanentFailure(f"ses_{code}") from error
            if aws.is_transient(error):
                raise TransientFailure(f"ses_{code}") from error
            raise self._account_fails(f"ses_{code}") from error
        except BotoCoreError as error:
            raise TransientFailure(f"ses_{type(error).__name__}") from error

    @staticmethod
    def _request(mail: Message, entry_id: str) -> "SendEmailRequestTypeDef":
        def content(text: str) -> "ContentTypeDef":
            return {"Data": text, "Charset": "UTF-8"}

        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": formataddr((settings().app_name, settings().mail_from)),
            "Destination": {"ToAddresses": [ascii_address(mail.to)]},
            "ConfigurationSetName": settings().mail_configuration_set,
            "Content": {
                "Simple": {
                    "Subject": content(mail.subject),
                    "Body": {"Text": content(mail.text), "Html": content(mail.html)},
                    "Headers": [{"Name": "X-Outbox-Id", "Value": entry_id}],
                }
            },
        }
        if mail.reply_to:
            request["ReplyToAddresses"] = [ascii_address(mail.reply_to)]
        return request


# SendGrid ------------------------------------------------------------------------------------------


class SendGrid(Provider):
    """SendGrid, Web API v3 (POST /v3/mail/send), whose answer to a mail it takes is 202 and nothing else."""

    name = "sendgrid"
    _REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})

    def __init__(self) -> None:
        self._key = ""
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=5))

    def send(self, mail: Message, entry_id: str) -> None:
        body = json.dumps(self._request(mail, entry_id))
        answer = self._post(body)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._key_is_new():
            answer = self._post(body)
        if answer.status == HTTPStatus.ACCEPTED:
            return
        reason = f"sendgrid_{answer.status}"
        if answer.status in self._REFUSALS:
            raise PermanentFailure(reason)
        retry_after = _retry_after(answer.headers)
        passes = answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise TransientFailure(reason, retry_after) if passes else self._account_fails(reason, retry_after)

    def _post(self, body: str) -> urllib3.BaseHTTPResponse:
        if not self._key:
            self._key_is_new()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            return self._pool.request("POST", f"{settings().sendgrid_url}/v3/mail/send", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise TransientFailure(f"sendgrid_{type(error).__name__}") from error

    def _key_is_new(self) -> bool:
        """Read the key; say whether it is another than before."""
        before = self._key
        try:
            answer = aws.secretsmanager().get_secret_value(SecretId=settings().sendgrid_key_secret)
        except ClientError as error:
            raise self._account_fails(f"sendgrid_key_{aws.error_code(error)}") from error
        except BotoCoreError as error:
            raise TransientFailure(f"sendgrid_key_{type(error).__name__}") from error
        key = answer["SecretString"].strip()
        # What a header cannot hold would be in the message of the error that http.client raises.
        if not re.fullmatch("[!-~]+", key):
            raise self._account_fails("sendgrid_key_malformed")
        self._key = key
        return key != before

    @staticmethod
    def _request(mail: Message, entry_id: str) -> dict[str, Any]:
        request = {
            "personalizations": [{"to": [{"email": ascii_address(mail.to)}]}],
            "from": {"email": settings().mail_from, "name": settings().app_name},
            "subject": mail.subject,
            "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
            "headers": {"X-Outbox-Id": entry_id},
            "custom_args": {"outbox_id": entry_id},
            # Else every link, and so every one-time token, would lead through SendGrid.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
            },
        }
        if mail.reply_to:
            request["reply_to"] = {"email": ascii_address(mail.reply_to)}
        return request


def _retry_after(headers: urllib3.HTTPHeaderDict) -> int | None:
    """Read how long to wait, in seconds: `Retry-After` (RFC 9110, both forms), or the end of SendGrid's window."""
    asked, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if re.fullmatch("[0-9]{1,10}", asked):
        return int(asked)
    if re.fullmatch("[0-9]{1,10}", reset):
        return max(1, int(reset) - clock.now())
    try:
        # Always in GMT, and told so without an offset.
        return max(1, int(parsedate_to_datetime(asked).replace(tzinfo=UTC).timestamp()) - clock.now())
    except (ValueError, OverflowError):  # the latter of an offset of a billion years
        return None


_PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (Ses(), SendGrid())}
