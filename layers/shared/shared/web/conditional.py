"""Conditional requests (RFC 9110, 13): If-Match and If-None-Match, which name versions by entity tags.

An entity tag is a record's version, or a digest of content without one. A write takes `Preconditions` as an input. A
GET whose content the caller already has is a 304.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import ClassVar, Self

from shared.core.errors import ErrorTypes, Stale
from shared.values.versions import Versions
from shared.web.request import Request
from shared.web.responses import Response

_ENTITY_TAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]*"')
_ENTITY_TAGS = re.compile(rf"[\s,]*{_ENTITY_TAG.pattern}(\s*,[\s,]*{_ENTITY_TAG.pattern})*[\s,]*")
_VERSION = re.compile('"(0|[1-9][0-9]{0,17})"')


class Preconditions(Versions):
    """The versions that the caller allows to change; any without these headers."""

    __slots__ = ()
    headers: ClassVar = {
        "If-Match": ('"1"', "Change only these versions; `*` stands for any."),
        "If-None-Match": ('"2"', "Do not change these versions. With `*`, nothing is changed."),
    }
    input_errors: ClassVar[ErrorTypes] = (Stale,)

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read both headers. A malformed one lets nothing be changed.

        In If-Match, a weak entity tag matches no version; in If-None-Match it matches like a strong one (RFC 9110,
        13.1.1 and 13.1.2).
        """
        if_match = request.headers.get("if-match", "*").strip()
        if_none_match = request.headers.get("if-none-match", "").strip()
        refused = _entity_tags(if_none_match, weakly=True)
        return cls(
            accepted=None if if_match == "*" else _versions(_entity_tags(if_match)),
            refused=_versions(refused) if refused or not if_none_match else None,
        )


def answer_conditionally(request: Request, response: Response) -> Response:
    """Return the response to a GET or HEAD, or 304 if `If-None-Match` lists its entity tag.

    That comparison is weak (RFC 9110, 13.1.2): proxies that compress a response make its entity tag weak.

    Raises:
        Stale: `If-Match` does not list it.

    """
    if "ETag" not in response.headers:
        return response
    [current] = _entity_tags(response.headers["ETag"])
    if_match = request.headers.get("if-match", "*").strip()
    if if_match != "*" and current not in _entity_tags(if_match):
        raise Stale
    if_none_match = request.headers.get("if-none-match", "").strip()
    if if_none_match == "*" or current in _entity_tags(if_none_match, weakly=True):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=response.headers)
    return response


def _versions(tags: Iterable[str]) -> frozenset[int]:
    """Return the versions among entity tags."""
    return frozenset(int(tag[1:-1]) for tag in tags if _VERSION.fullmatch(tag))


def _entity_tags(header: str, *, weakly: bool = False) -> list[str]:
    """Return the entity tags of a list (RFC 9110, 8.8.3), with their quotation marks; none if the list is malformed.

    For a weak comparison (8.8.3.2) they are returned without the `W/` of weak ones.
    """
    tags = _ENTITY_TAG.findall(header) if _ENTITY_TAGS.fullmatch(header) else []
    return [tag.removeprefix("W/") for tag in tags] if weakly else tags
