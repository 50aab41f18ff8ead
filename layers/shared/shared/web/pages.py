"""Pagination: pages of a listing, and the cursors that lead from one page to the next.

A cursor is sealed with the key of the caller's session. It cannot be forged or used by another caller, so it only leads
to positions that this caller has already seen.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from shared.core.errors import ErrorTypes, InvalidCursor, InvalidInput
from shared.records.sessions import Session
from shared.values.types import Rule
from shared.web.api import Api
from shared.web.inputs import Query
from shared.web.responses import Page, Shape

_SEAL_LENGTH = 16


class Paging(Query):
    """The requested page of a listing."""

    input_errors: ClassVar[ErrorTypes] = (InvalidInput, InvalidCursor)

    limit: Annotated[int, Rule(ge=1, le=100)] = 20
    cursor: Annotated[str, Rule(max_length=512)] | None = None

    def position(self, api: Api, session: Session) -> str | None:
        """Return the position after which this page starts; None for the first page.

        Raises:
            InvalidCursor: the cursor was not created by `page` for this path and session.

        """
        if self.cursor is None:
            return None
        try:
            sealed = base64.b64decode(self.cursor, altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor from error
        seal, position = sealed[:_SEAL_LENGTH], sealed[_SEAL_LENGTH:]
        if not hmac.compare_digest(seal, _seal(api, session, position)):
            raise InvalidCursor
        return position.decode()


def page(api: Api, items: Sequence[Shape], paging: Paging, position: str | None, session: Session) -> Page[Shape]:
    """Return the response with a page. The next page starts after `position`; None if there is no next page."""
    if position is None:
        return Page(items, None, "")
    content = position.encode()
    cursor = base64.urlsafe_b64encode(_seal(api, session, content) + content).decode()
    return Page(items, cursor, f"{api.path}?{urlencode({'limit': paging.limit, 'cursor': cursor})}")


def _seal(api: Api, session: Session, position: bytes) -> bytes:
    return session.seal(f"cursor {api.path}", position)[:_SEAL_LENGTH]
