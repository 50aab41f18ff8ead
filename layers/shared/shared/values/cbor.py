"""The subset of CBOR (RFC 8949) that authenticators use.

The input comes from anyone. Data is at most 64 KB, arrays and maps nest at most 4 deep, and a length is compared with
the bytes that are left before anything is created. Each value has one valid encoding, so that all decoders agree on it.
Invalid are therefore: indefinite lengths, integers and lengths that are longer than necessary, repeated keys, keys that
are neither integers nor text, tags, floats, and simple values other than false, true and null.

Keys may have any order. CTAP2 prescribes one, but not every authenticator follows it.
"""

from typing import TypeAlias

Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int | str, Value] | None"

_MAX_SIZE = 65_536
_MAX_DEPTH = 4
# The major types (RFC 8949, 3.1). 6 is a tag.
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 0, 1, 2, 3, 4, 5, 7
_SIMPLE_VALUES = {20: False, 21: True, 22: None}
# Up to this number, the first byte has the value itself; above it, the number of bytes that follow.
_MAX_IMMEDIATE = 23
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}


def decode(data: bytes) -> Value:
    """Return the only value in the data.

    Raises:
        ValueError: the data is not CBOR of this subset, or longer than its first value.

    """
    value, rest = decode_first(data)
    if rest:
        raise ValueError("CBOR: bytes after the value")
    return value


def decode_first(data: bytes) -> tuple[Value, bytes]:
    """Return the first value in the data, and the bytes after it. Raises ValueError like `decode`."""
    if len(data) > _MAX_SIZE:
        raise ValueError("CBOR: too long")
    value, end = _value(data, 0, 0)
    return value, data[end:]


def _value(data: bytes, start: int, depth: int) -> tuple[Value, int]:
    """Return the value that starts at this position, and the position after it."""
    major, argument, position = _head(data, start)
    if major in {_UNSIGNED, _NEGATIVE}:
        return (argument if major == _UNSIGNED else -1 - argument), position
    # Always in one byte: `_head` rejects such an argument in more, and a longer one makes a float.
    if major == _SIMPLE and argument in _SIMPLE_VALUES:
        return _SIMPLE_VALUES[argument], position
    if major not in {_BYTES, _TEXT, _ARRAY, _MAP}:
        raise ValueError("CBOR: a tag, a float or another simple value")
    # An item, or a key with its value, takes at least one byte.
    if argument > len(data) - position:
        raise ValueError("CBOR: truncated")
    end = position + argument
    if major == _BYTES:
        return data[position:end], end
    if major == _TEXT:
        return _text(data[position:end]), end
    if depth == _MAX_DEPTH:
        raise ValueError("CBOR: nested too deeply")
    if major == _ARRAY:
        return _array(data, position, argument, depth + 1)
    return _map(data, position, argument, depth + 1)


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """Return the major type at this position, its argument, and the position after both."""
    if start >= len(data):
        raise ValueError("CBOR: truncated")
    major, argument = data[start] >> 5, data[start] & 31
    if argument <= _MAX_IMMEDIATE:
        return major, argument, start + 1
    if argument not in _WIDTHS:
        raise ValueError("CBOR: an indefinite length, or a reserved value")
    width = _WIDTHS[argument]
    end = start + 1 + width
    if end > len(data):
        raise ValueError("CBOR: truncated")
    number = int.from_bytes(data[start + 1 : end])
    # One byte is for numbers that do not fit into the first byte, and more are for those that half of them cannot hold.
    if number <= (_MAX_IMMEDIATE if width == 1 else 2 ** (4 * width) - 1):
        raise ValueError("CBOR: a number is longer than necessary")
    return major, number, end


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("CBOR: text is not UTF-8") from None


def _array(data: bytes, position: int, length: int, depth: int) -> tuple[list[Value], int]:
    items: list[Value] = []
    for _ in range(length):
        item, position = _value(data, position, depth)
        items.append(item)
    return items, position


def _map(data: bytes, position: int, length: int, depth: int) -> tuple[dict[int | str, Value], int]:
    entries: dict[int | str, Value] = {}
    for _ in range(length):
        key, position = _value(data, position, depth)
        # In Python, True is 1, so a map could have both as one key.
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise ValueError("CBOR: a key is neither an integer nor text")  # noqa: TRY004  # invalid data, not a bug
        if key in entries:
            raise ValueError("CBOR: a key is repeated")
        entries[key], position = _value(data, position, depth)
    return entries, position
