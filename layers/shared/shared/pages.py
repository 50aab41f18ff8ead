"""Pages of a listing, and the cursor that leads from one to the next.

A cursor is sealed with the key of the caller's session: nobody can make one up or use another's, so it can only name a
place that this caller was shown.
"""

import base64
import hmac
from typing import Annotated

from pydantic import Field

from shared.errors import InvalidCursor
from shared.inputs import Query
from shared.sessions import Session

_SEAL_LENGTH = 16
_PURPOSE = "cursor"


class Page(Query):
    """Which part of a listing is asked for."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=512)] | None = None

    def position(self, session: Session) -> str | None:
        """Give the position after which this page starts; None for the first page.

        Raises:
            InvalidCursor: the cursor was not made by `cursor` for this session.

        """
        if self.cursor is None:
            return None
        try:
            sealed = base64.b64decode(self.cursor, altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor from error
        seal, position = sealed[:_SEAL_LENGTH], sealed[_SEAL_LENGTH:]
        if not hmac.compare_digest(seal, session.seal(_PURPOSE, position)[:_SEAL_LENGTH]):
            raise InvalidCursor
        return position.decode()


def cursor(position: str | None, session: Session) -> str | None:
    """Give the cursor for the page after this position; None where there is no more."""
    if position is None:
        return None
    content = position.encode()
    return base64.urlsafe_b64encode(session.seal(_PURPOSE, content)[:_SEAL_LENGTH] + content).decode()
