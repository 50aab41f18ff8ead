"""Email providers: SES and SendGrid. If both are configured, the second sends what the first cannot.

A provider accepts an email, rejects it permanently, throttles, or fails temporarily. If it fails five times in a row,
it is not called for 30 seconds: its circuit is open. Then one email is sent to it as a probe; if the provider responds,
the circuit closes. DynamoDB holds the state, so every execution environment shares it. A provider that throttles is
working, and called more slowly (`shared.mail.pace`).
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC
from email.utils import formataddr, parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, cast

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
from shared.core.config import settings, variable
from shared.core.errors import Unavailable
from shared.core.outbound import Answer, Service
from shared.mail.message import Message
from shared.mail.pace import MAX_WAIT, Behind, Pace, sleep
from shared.records.limits import LIMITS
from shared.values.emails import ascii_address

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import ContentTypeDef, SendEmailRequestTypeDef


class PermanentFailure(Exception):
    """The provider rejects this email permanently. `reason` is a code without any of the email's content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientFailure(Exception):
    """The provider cannot send now: retry, after `retry_after` seconds if the provider named a time."""

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Throttled(TransientFailure):
    """The provider takes no more emails at the moment."""


class Provider(ABC):
    """A service that sends emails."""

    name: ClassVar[str]

    @abstractmethod
    def send(self, message: Message, entry_id: str) -> None:
        """Send an email with this `X-Outbox-Id`.

        Raises:
            PermanentFailure: the provider rejects this email.
            Throttled: the provider takes no more emails at the moment.
            TransientFailure: the provider cannot send now.

        """

    def _account_failure(self, reason: str, retry_after: int | None = None) -> TransientFailure:
        """Log a problem with our account that a person has to fix, and return the error. Emails wait until then."""
        logs.logger.error("email provider rejects the account", extra={"fields": {"reason": reason}})
        return TransientFailure(reason, retry_after)


def send(message: Message, entry_id: str) -> None:
    """Send an email through the first provider that can.

    Raises:
        PermanentFailure: a provider rejects this email.
        TransientFailure: no provider can send now.

    """
    failures = []
    for name in _names():
        try:
            _send_through(_PROVIDERS[name], message, entry_id)
        except TransientFailure as failure:
            failures.append(failure)
        else:
            return
    # A provider that named no time may recover long before the six hours that another may have asked for.
    pauses = [failure.retry_after for failure in failures if failure.retry_after is not None]
    retry_after = min(pauses) if len(pauses) == len(failures) else None
    raise TransientFailure(",".join(failure.reason for failure in failures), retry_after) from failures[-1]


def _names() -> list[str]:
    return variable("MAIL_PROVIDERS").split(",")


# The pace ------------------------------------------------------------------------------------------

# How often an email that is throttled although it waited for its turn is sent again, before it is postponed.
_MAX_REPEATS = 20


@cache
def pace_of(name: str) -> Pace:
    """Return the pace of a provider."""
    return Pace(name)


def all_are_behind() -> bool:
    """Return whether more emails wait for each provider than it takes in the next seconds."""
    return all(pace_of(name).is_behind() for name in _names())


def _send_through(provider: Provider, message: Message, entry_id: str) -> None:
    """Send an email at the provider's pace.

    Raises:
        PermanentFailure: the provider rejects this email.
        TransientFailure: the provider cannot send now, or it would take too long.

    """
    pace, give_up_at = pace_of(provider.name), clock.now() + MAX_WAIT
    for repeats in count():
        try:
            pace.wait(repeats)
            outcome = _call(provider, message, entry_id)
            if isinstance(outcome, Throttled):
                pace.count_throttled()
        except Behind as error:
            raise TransientFailure(f"{provider.name}_behind", MAX_WAIT) from error
        except Unavailable as error:  # DynamoDB failed; another provider may still work
            raise TransientFailure(f"{provider.name}_state_unavailable") from error
        if not isinstance(outcome, Throttled):
            break
        delay = outcome.retry_after or 0
        if repeats == _MAX_REPEATS or clock.now() + delay >= give_up_at:
            raise TransientFailure(outcome.reason, outcome.retry_after or MAX_WAIT) from outcome
        sleep(delay)
    pace.count_accepted()
    if outcome is not None:
        raise outcome


# Circuits ------------------------------------------------------------------------------------------

_CIRCUIT = CircuitBreakerConfig(
    failure_threshold=5, recovery_timeout=clock.MINUTE // 2, success_threshold=1, handled_exceptions=TransientFailure
)


@cache
def circuits() -> CircuitBreakerDynamoDBPersistence:
    """Return the store of the circuits' state."""
    return CircuitBreakerDynamoDBPersistence(
        LIMITS.name, key_attr="key", expiry_attr="expiresAt", boto3_client=aws.dynamodb()
    )


def all_circuits_open() -> bool:
    """Return whether no provider may be called now, so that claiming emails is pointless."""
    return all(_is_blocked(name) for name in _names())


def _is_blocked(name: str) -> bool:
    with aws.translated_errors():
        circuit = circuits().get_state(_circuit(name))
    if circuit.state == CircuitState.HALF_OPEN:
        # Another environment is probing, or crashed while doing so: calls are rejected until its lease ends.
        return clock.now() < (circuit.probe_lease_expiry or 0)
    return circuit.state == CircuitState.OPEN and clock.now() < (circuit.opened_at or 0) + _CIRCUIT.recovery_timeout


def _circuit(name: str) -> str:
    return f"circuit#{name}"


def _call(provider: Provider, message: Message, entry_id: str) -> PermanentFailure | Throttled | None:
    """Call the provider, unless its circuit is open. Raises TransientFailure, or Unavailable if DynamoDB fails."""

    @circuit_breaker(_circuit(provider.name), circuits(), on_transition=_log_transition, config=_CIRCUIT)
    def call() -> PermanentFailure | Throttled | None:
        # A provider that rejects an email, or throttles, is working: a probe must close the circuit.
        try:
            provider.send(message, entry_id)
        except (PermanentFailure, Throttled) as outcome:
            return outcome
        return None

    try:
        with aws.translated_errors():
            return cast("PermanentFailure | Throttled | None", call())
    except CircuitBreakerOpenError as error:
        opened_at = error.circuit.opened_at if error.circuit else None
        pause = (opened_at or clock.now()) + _CIRCUIT.recovery_timeout - clock.now()
        raise TransientFailure(f"{provider.name}_circuit_open", max(1, pause)) from error


def _log_transition(transition: CircuitTransition) -> None:
    fields = {"circuit": transition.circuit_name, "from": transition.from_state, "to": transition.to_state}
    logs.logger.warning("email provider circuit changed", extra={"fields": fields})


# SES -----------------------------------------------------------------------------------------------


class Ses(Provider):
    """Amazon SES, API v2 (SendEmail)."""

    name = "ses"
    # Errors about this email. Others concern the whole account (paused, not verified) and may be temporary.
    _REJECTIONS = frozenset({"BadRequestException", "MessageRejected"})
    _THROTTLES = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})

    def send(self, message: Message, entry_id: str) -> None:
        try:
            aws.sesv2().send_email(**self._request(message, entry_id))
        except ClientError as error:
            code, text = aws.error_code(error), error.response["Error"].get("Message", "")
            # The quota of a day has the same code as the rate, but is not renewed within seconds.
            if code in self._THROTTLES and "quota" not in text:
                raise Throttled(f"ses_{code}") from error
            # The sender's address, or in the sandbox the recipient's, is not verified. Only the error's message
            # distinguishes this from a rejected email.
            if code == "MessageRejected" and "not verified" in text:
                raise self._account_failure("ses_unverified") from error
            if code in self._REJECTIONS:
                raise PermanentFailure(f"ses_{code}") from error
            if aws.is_transient(error):
                raise TransientFailure(f"ses_{code}") from error
            raise self._account_failure(f"ses_{code}") from error
        except BotoCoreError as error:
            raise TransientFailure(f"ses_{type(error).__name__}") from error

    @staticmethod
    def _request(message: Message, entry_id: str) -> "SendEmailRequestTypeDef":
        def content(text: str) -> "ContentTypeDef":
            return {"Data": text, "Charset": "UTF-8"}

        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": formataddr((settings().app_name, variable("MAIL_FROM"))),
            "Destination": {"ToAddresses": [ascii_address(message.to)]},
            "ConfigurationSetName": variable("MAIL_CONFIGURATION_SET"),
            "Content": {
                "Simple": {
                    "Subject": content(message.subject),
                    "Body": {"Text": content(message.text), "Html": content(message.html)},
                    "Headers": [{"Name": name, "Value": value} for name, value in _headers(entry_id).items()],
                }
            },
        }
        if message.reply_to:
            request["ReplyToAddresses"] = [ascii_address(message.reply_to)]
        return request


def _headers(entry_id: str) -> dict[str, str]:
    # Autoresponders do not answer an email that says that no person sent it (RFC 3834, 5).
    return {"X-Outbox-Id": entry_id, "Auto-Submitted": "auto-generated"}


# SendGrid ------------------------------------------------------------------------------------------


class SendGrid(Provider):
    """SendGrid, Web API v3 (POST /v3/mail/send), which responds to an accepted email with 202 only."""

    name = "sendgrid"
    _REJECTIONS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})

    def __init__(self) -> None:
        self._key = ""
        # All execution environments share a circuit, above.
        self._service = Service(self.name, "", connect=2, read=5, max_failures=None)

    def send(self, message: Message, entry_id: str) -> None:
        body = json.dumps(self._request(message, entry_id))
        response = self._post(body)
        if response.status == HTTPStatus.UNAUTHORIZED and self._reload_key():
            response = self._post(body)
        if response.status == HTTPStatus.ACCEPTED:
            return
        reason = f"sendgrid_{response.status}"
        if response.status in self._REJECTIONS:
            raise PermanentFailure(reason)
        retry_after = _retry_after(response.headers)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Throttled(reason, retry_after)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientFailure(reason, retry_after)
        raise self._account_failure(reason, retry_after)

    def _post(self, body: str) -> Answer:
        if not self._key:
            self._reload_key()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            return self._service.at(variable("SENDGRID_URL")).post("/v3/mail/send", body=body, headers=headers)
        except Unavailable as error:
            # `sendgrid: timed out` is `sendgrid_timed_out`.
            raise TransientFailure("_".join(re.findall(r"\w+", error.cause))) from error

    def _reload_key(self) -> bool:
        """Read the API key, and return whether it has changed."""
        before = self._key
        try:
            secret = aws.secretsmanager().get_secret_value(SecretId=variable("SENDGRID_KEY_SECRET"))
        except ClientError as error:
            raise self._account_failure(f"sendgrid_key_{aws.error_code(error)}") from error
        except BotoCoreError as error:
            raise TransientFailure(f"sendgrid_key_{type(error).__name__}") from error
        key = secret["SecretString"].strip()
        # http.client rejects a header with other characters, and its error message would reveal the key.
        if not re.fullmatch("[!-~]+", key):
            raise self._account_failure("sendgrid_key_malformed")
        self._key = key
        return key != before

    @staticmethod
    def _request(message: Message, entry_id: str) -> dict[str, Any]:
        request = {
            "personalizations": [{"to": [{"email": ascii_address(message.to)}]}],
            "from": {"email": variable("MAIL_FROM"), "name": settings().app_name},
            "subject": message.subject,
            "content": [{"type": "text/plain", "value": message.text}, {"type": "text/html", "value": message.html}],
            "headers": _headers(entry_id),
            "custom_args": {"outbox_id": entry_id},
            # Otherwise every link, and with it every one-time token, would pass through SendGrid.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
            },
        }
        if message.reply_to:
            request["reply_to"] = {"email": ascii_address(message.reply_to)}
        return request


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Return the seconds to wait: `Retry-After` (RFC 9110, both forms), or the end of SendGrid's rate limit window."""
    wait, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if re.fullmatch("[0-9]{1,10}", wait):
        return int(wait)
    if re.fullmatch("[0-9]{1,10}", reset):
        return max(1, int(reset) - clock.now())
    try:
        # HTTP dates are always in GMT; the parsed value has no time zone.
        return max(1, int(parsedate_to_datetime(wait).replace(tzinfo=UTC).timestamp()) - clock.now())
    except (ValueError, OverflowError):  # the latter for an extreme offset
        return None


_PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (Ses(), SendGrid())}
