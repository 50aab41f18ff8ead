"""An encoder of CBOR (RFC 8949) for tests. It can also write what our decoder rejects."""

from collections.abc import Callable
from typing import Any, TypeAlias

# Returns the first bytes of an item, from its major type and argument.
Head: TypeAlias = Callable[[int, int], bytes]


class Pairs(list[tuple[Any, Any]]):
    """The entries of a map, in this order; a key may be repeated."""


class Raw(bytes):
    """An item that is encoded already."""


def shortest(major: int, argument: int) -> bytes:
    """Return the shortest head, the only valid one for our decoder."""
    for marker, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < (24 if width == 1 else 2 ** (4 * width)):
            break
        if argument < 2 ** (8 * width):
            return bytes([major << 5 | marker]) + argument.to_bytes(width)
    return bytes([major << 5 | argument])


def encode(value: Any, head: Head = shortest) -> bytes:
    """Return a value as CBOR."""
    match value:
        case Raw():
            encoded = bytes(value)
        case None | bool():
            encoded = bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
        case int():
            encoded = head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            encoded = head(2, len(value)) + value
        case str():
            encoded = head(3, len(value.encode())) + value.encode()
        case dict() | Pairs():
            pairs = list(value.items()) if isinstance(value, dict) else value
            encoded = head(5, len(pairs)) + b"".join(encode(each, head) for pair in pairs for each in pair)
        case list():
            encoded = head(4, len(value)) + b"".join(encode(item, head) for item in value)
        case _:
            raise TypeError(f"no CBOR for {value!r}")
    return encoded
