"""Forms that anyone may send: each submission is stored and emailed, and administrators read them.

A form is a path and its fields, `class Message(Fields)`; both verbs of the endpoint are made from them:

    form = Form("/api/contact", Message, recipient=settings().contact_to, thanks="/contact/thanks")
    api, handler = form.api, form.handler

A program gets JSON. A browser that posts an HTML form is redirected to the page `thanks` of the front end. After an
error it gets a page that says what to correct (`shared.web.form_page`). With `mistakes`, it is redirected to that page
of the front end instead, with `code` and `errors` in the query; what was typed is left out.

Threats. Bots fill in every field: a hidden one, `website`, tells them from people, and they get the usual
response while nothing is stored. A flood of submissions: five a minute from one network. A stranger composes an email
of their own: its recipient and subject are ours, and what was submitted appears only in its text and, if it is a valid
address, in `Reply-To`.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import urlencode

from shared.accounts import hooks
from shared.core import logs
from shared.core.config import settings
from shared.core.errors import Error, ErrorTypes, FieldError, InvalidInput
from shared.records import submissions
from shared.records.idempotency import Once
from shared.records.limits import Limit
from shared.values.client import Client
from shared.web import form_data
from shared.web.api import Api
from shared.web.caller import Admin
from shared.web.form_data import MULTIPART, URLENCODED
from shared.web.inputs import CAPTCHA, JSON, IdempotencyKey, StrangersBody
from shared.web.pages import Paging, page
from shared.web.request import Request, UnsupportedMediaType
from shared.web.responses import Created, Html, Page, Response, SeeOther, failure

if TYPE_CHECKING:
    from shared.shapes.submissions import PublicSubmission, SubmissionId

# Bots fill in this field.
HONEYPOT = "website"
# Fields that are no part of what is submitted.
NOT_SUBMITTED = (HONEYPOT, CAPTCHA)
_MAX_PER_MINUTE = 5
_WEIGHT_ZERO = re.compile(r"q\s*=\s*0(\.0{0,3})?")


class Fields(StrangersBody):
    """The fields of a form, sent as JSON or in one of the encodings of HTML forms. Unknown fields are ignored."""

    media_types: ClassVar = (JSON, URLENCODED, MULTIPART)

    website: str | None = None
    """Hidden from people, who leave it empty."""

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and validate the body.

        Raises:
            InvalidInput: it cannot be read, or one or more fields are invalid.
            UnsupportedMediaType: it has another Content-Type, or contains a file.

        """
        if request.content_type in {URLENCODED, MULTIPART}:
            return cls._from_text(cls._filled_in(form_data.read(request)))
        if request.body and request.content_type != JSON:
            raise UnsupportedMediaType(JSON, URLENCODED, MULTIPART)
        return super().from_request(request)

    @classmethod
    def _filled_in(cls, pairs: form_data.Pairs) -> dict[str, str]:
        names = [name for name, _ in pairs]
        errors = [FieldError(name, "is given more than once") for name in cls._names() if names.count(name) > 1]
        if errors:
            raise InvalidInput(f"{errors[0].field}: {errors[0].message}", errors)
        # Browsers send every field; an empty one counts as missing, whatever its type.
        return {name: text for name, text in pairs if text.strip()}


class _Sender:
    """What sent the form: a browser, which shows the response as its next page, or a program."""

    input_errors: ClassVar[ErrorTypes] = ()

    def __init__(self, *, is_browser: bool) -> None:
        self.is_browser = is_browser

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Return a browser for a POST without JSON that asks for HTML; a script's `fetch` accepts anything."""
        is_html_form = request.method == "POST" and request.content_type != JSON
        return cls(is_browser=is_html_form and _accepts_html(request.headers.get("accept", "")))


class Form:
    """A path that takes a form: anyone may POST it, and administrators GET the submissions.

    Each submission is emailed to `recipient`. `thanks` and `mistakes` are pages of the front end: where a browser is
    redirected after a success, and after an error. Without `mistakes` it gets a page of the API.
    """

    def __init__(
        self, path: str, fields: type[Fields], *, recipient: str, thanks: str, mistakes: str | None = None
    ) -> None:
        # The keys of submissions start with it: with another path, earlier ones are no longer listed.
        self.name = path.removeprefix("/api/")
        self.api = Api(path, mostly="POST", failed=self._failed)
        self.handler = self.api.handler
        self.fields = fields
        self._recipient = recipient
        self._mistakes = mistakes

        def read(admin: Admin, paging: Paging) -> "Page[PublicSubmission]":
            """Return a page of the submissions, newest first."""
            before = paging.position(self.api, admin.session)
            found, position = submissions.newest(self.name, paging.limit, before=before)
            shown = [submission.public() for submission in found]
            return page(self.api, shown, paging, position, admin.session)

        def send(
            sent: fields,  # type: ignore[valid-type]  # each form has its own
            key: IdempotencyKey,
            client: Client,
            sender: _Sender,
        ) -> "Created[SubmissionId] | SeeOther":
            """Store a submission and email it to us. A browser is redirected to a page of the front end."""
            submission = self._submit(sent, key, client)
            return SeeOther(settings().frontend_url + thanks) if sender.is_browser else Created(submission)

        # Names are those of operations in docs/openapi.json, which are unique.
        for operation in (read, send):
            operation.__name__ += "_" + re.sub(r"\W", "_", self.name)
        self.api.get(read)
        self.api.post(limit=Limit(self.name, _MAX_PER_MINUTE), errors=hooks.MAIL_ERRORS)(send)

    def _failed(self, request: Request, error: Exception) -> Response:
        """Return the response for an error: for a browser a page, or a redirect to one."""
        response = failure(error, request.id)
        if not _Sender.from_request(request).is_browser:
            return response
        answer = cast("Mapping[str, Any]", response.body)
        if self._mistakes is not None:
            query = {"code": answer["code"], "errors": json.dumps(answer.get("errors", []))}
            return SeeOther(f"{settings().frontend_url}{self._mistakes}?{urlencode(query)}")
        # Most forms are filled in correctly.
        from shared.web import form_page  # noqa: PLC0415

        faults = error.fields if isinstance(error, InvalidInput) else ()
        content = form_page.html(
            answer["message"],
            self.fields,
            values=_typed(request),
            faults=faults,
            honeypot=HONEYPOT,
            hidden=NOT_SUBMITTED,
        )
        return Html(content, response.status, {**response.headers, "Content-Security-Policy": form_page.policy()})

    def _submit(self, sent: Fields, key: IdempotencyKey, client: Client) -> "SubmissionId":
        if sent.website:
            logs.logger.info("bot", extra={"fields": {"form": self.name, "requestId": client.request_id}})
            return {"id": submissions.new_id()}
        hooks.before_mail_to_stranger(sent.captcha_token, client)
        fields = {name: value for name, value in sent.to_json().items() if name not in NOT_SUBMITTED}
        once = Once(operation=f"submit {self.name}", scope=client.network, key=key.text, request=fields)
        return submissions.submit(self.name, fields, recipient=self._recipient, once=once)


def _typed(request: Request) -> dict[str, str] | None:
    """Return what was typed into the fields, or None if it cannot be read."""
    try:
        return dict(form_data.read(request)) if request.content_type in {URLENCODED, MULTIPART} else None
    except Error:
        return None


def _accepts_html(accept: str) -> bool:
    """Return whether a header `Accept` lists HTML with a weight above zero (RFC 9110, 12.5.1)."""
    for entry in accept.lower().split(","):
        media_type, *parameters = map(str.strip, entry.split(";"))
        if media_type == "text/html":
            return not any(map(_WEIGHT_ZERO.fullmatch, parameters))
    return False
