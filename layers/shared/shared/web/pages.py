"""Pagination: pages of a listing, and the cursors that lead from one page to the next.

A cursor is sealed with the key of the caller's session. It cannot be forged or used by another caller, or with another
selection, so it only leads to positions that this caller has already seen. A listing that anyone may read has no
session: its cursors can be forged, and lead to public records only.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from shared.core.errors import ErrorTypes, InvalidCursor, InvalidInput
from shared.records.sessions import Session
from shared.values.types import Rule
from shared.web.api import Api
from shared.web.inputs import Query, query_name
from shared.web.responses import Page, Shape

_SEAL_LENGTH = 16
# The longest key of DynamoDB, in bytes.
_MAX_POSITION = 1024
OF_EVERY_PAGE = frozenset({"limit", "cursor"})


class Paging(Query):
    """The requested page of a listing."""

    input_errors: ClassVar[ErrorTypes] = (InvalidInput, InvalidCursor)

    limit: Annotated[int, Rule(ge=1, le=100)] = 20
    cursor: Annotated[str, Rule(max_length=2048)] | None = None

    def position(self, api: Api, session: Session | None) -> str | None:
        """Return the position after which this page starts; None for the first page.

        Without a session the listing is public. The seal then only detects damaged cursors.

        Raises:
            InvalidCursor: the cursor was not created by `page` for this path, session and selection.

        """
        if self.cursor is None:
            return None
        try:
            sealed = base64.b64decode(self.cursor, altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor from error
        seal, position = sealed[:_SEAL_LENGTH], sealed[_SEAL_LENGTH:]
        if not hmac.compare_digest(seal, self.seal(api, session, position)):
            raise InvalidCursor
        if not 0 < len(position) <= _MAX_POSITION:
            raise InvalidCursor
        try:
            return position.decode()
        except UnicodeDecodeError as error:
            raise InvalidCursor from error

    def seal(self, api: Api, session: Session | None, position: bytes) -> bytes:
        """Return the bytes that bind a position to this path, session and selection."""
        purpose = f"cursor {api.path}?{urlencode(self.selected())}"
        if session is None:
            return hashlib.sha256(purpose.encode() + b"\x00" + position).digest()[:_SEAL_LENGTH]
        return session.seal(purpose, position)[:_SEAL_LENGTH]

    def selected(self) -> dict[str, str]:
        """Return what the page is selected by, as a query has it: everything but the limit and the cursor."""
        return {
            query_name(name): str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in sorted(vars(self).items())
            if value is not None and name not in OF_EVERY_PAGE
        }


def page(
    api: Api, items: Sequence[Shape], paging: Paging, position: str | None, session: Session | None
) -> Page[Shape]:
    """Return the response with a page. The next page starts after `position`; None if there is no next page."""
    if position is None:
        return Page(items, None, "")
    content = position.encode()
    cursor = base64.urlsafe_b64encode(paging.seal(api, session, content) + content).decode()
    query = {**paging.selected(), "limit": paging.limit, "cursor": cursor}
    return Page(items, cursor, f"{api.path}?{urlencode(query)}")
