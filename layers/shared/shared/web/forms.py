"""Forms that anybody may send: what is written is stored and mailed, and administrators read it.

A form is a path and the fields it has, `class Message(Fields)`; the endpoint is made of them:

    form = Form("/api/contact", Message, recipient=settings().contact_to, thanks="/contact/thanks")
    api, handler = form.api, form.handler

Threats. Robots fill in every field they find: a hidden one, `website`, tells them from people, and they are answered as
if all was well. Somebody sends without end: a network may send five times a minute. Somebody wants to write a mail of
their own making: its recipient and subject are ours, and what was written is only ever in its text.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from shared.core import logs, startup
from shared.core.config import settings
from shared.core.errors import FieldError, InvalidInput
from shared.core.tables import Item
from shared.records import limits, submissions
from shared.records.idempotency import Once
from shared.records.limits import Limit
from shared.records.sessions import Session
from shared.values.client import Client
from shared.web import form_data
from shared.web.api import Api
from shared.web.form_data import MULTIPART, URLENCODED
from shared.web.inputs import JSON, Body, IdempotencyKey, plain
from shared.web.pages import Page, listing
from shared.web.request import Request, UnsupportedMediaType
from shared.web.responses import Response, data

if TYPE_CHECKING:
    from shared.web import caller

_MOST_A_MINUTE = 5
_NOT_WANTED = re.compile(r"q\s*=\s*0(\.0{0,3})?")


class Fields(Body):
    """What a form asks for, as JSON or in one of the encodings of HTML forms. What it does not ask for is ignored."""

    website: str | None = None
    """Hidden from people, who leave it empty."""

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and check the body.

        Raises:
            InvalidInput: it cannot be read, or fields are at fault.
            UnsupportedMediaType: it is of another kind, or a file comes with it.

        """
        if request.content_type in {URLENCODED, MULTIPART}:
            return cls._of(cls._filled_in(form_data.read(request)))
        if request.body and request.content_type != JSON:
            raise UnsupportedMediaType(JSON, URLENCODED, MULTIPART)
        return super().from_request(request)

    @classmethod
    def _filled_in(cls, pairs: form_data.Pairs) -> dict[str, str]:
        names = [name for name, _ in pairs]
        faults = [FieldError(name, "is given more than once") for name in cls._names() if names.count(name) > 1]
        if faults:
            raise InvalidInput(f"{faults[0].field}: {faults[0].message}", faults)
        # Browsers send every field; one that was left empty is as good as absent, whatever its type.
        return {name: text for name, text in pairs if text.strip()}


class _Sender(NamedTuple):
    """Who waits for the answer: a browser that will show it as the next page, or a program."""

    is_browser: bool

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read it from the request: a script's `fetch` accepts anything, a browser on its own names HTML."""
        sent_form = request.content_type in {URLENCODED, MULTIPART}
        return cls(is_browser=sent_form and _accepts_html(request.headers.get("accept", "")))


@dataclass(frozen=True, slots=True)
class _Admin:
    """A signed-in administrator. `shared.web.caller` is loaded for the first one: sending a form takes no token."""

    session: Session
    identifies_caller: ClassVar[bool] = True

    @classmethod
    def prepare(cls) -> "type[caller.Admin]":
        """Load what reads tokens."""
        from shared.web import caller  # noqa: PLC0415  # what waits

        return caller.Admin

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Find out who is calling, and insist on an administrator."""
        return cls(cls.prepare().from_request(request).session)


class Form:
    """A path to which people send a form: anybody may POST it, and administrators GET what was sent.

    `recipient` is mailed each of them; `thanks` is the page of the front end that a browser is led to afterwards.
    """

    def __init__(self, path: str, fields: type[Fields], *, recipient: str, thanks: str) -> None:
        self.name = path.removeprefix("/api/")
        self.api = Api(path)
        self.handler = self.api.handler
        self._recipient = recipient
        limit = Limit(self.name, _MOST_A_MINUTE)
        # It can be read too, but it is there to be sent.
        startup.prepare(fields.prepare)

        @self.api.get
        def read(admin: _Admin, page: Page) -> Response:
            before = page.position(self.api, admin.session)
            found, position = submissions.newest(self.name, page.limit, before=before)
            return listing(self.api, [submission.public() for submission in found], page, position, admin.session)

        @self.api.post
        def send(
            sent: fields,  # type: ignore[valid-type]  # each form has its own
            key: IdempotencyKey,
            client: Client,
            sender: _Sender,
        ) -> Response:
            limit.take(limits.network(client.ip))
            answer = self._submit(sent, key, client)
            if sender.is_browser:
                return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": settings().frontend_url + thanks})
            return data(answer, HTTPStatus.CREATED)

    def _submit(self, sent: Fields, key: IdempotencyKey, client: Client) -> Item:
        if sent.website:
            logs.logger.info("robot", extra={"fields": {"form": self.name, "requestId": client.request_id}})
            return {"id": submissions.new_id()}
        fields = plain(sent)
        del fields["website"]
        network = limits.network(client.ip)
        once = Once(operation=f"submit {self.name}", caller_id=network, key=key.text, request=fields)
        return submissions.submit(self.name, fields, recipient=self._recipient, once=once)


def _accepts_html(accept: str) -> bool:
    """Say whether HTML is among what a header `Accept` names, and not as what is not wanted (RFC 9110, 12.5.1)."""
    for entry in accept.lower().split(","):
        media_type, *parameters = map(str.strip, entry.split(";"))
        if media_type == "text/html":
            return not any(map(_NOT_WANTED.fullmatch, parameters))
    return False
