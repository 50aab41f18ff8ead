"""Whether a text shows anything at all."""

import unicodedata

# Controls, formats, surrogates, spaces and marks, which show nothing on their own.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Me", "Mn", "Zl", "Zp", "Zs"})
# Letters and symbols without a glyph: the fillers of Hangul, and the empty Braille pattern.
_INVISIBLE_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Not assigned, but ignored by fonts (Unicode's property Default_Ignorable_Code_Point).
_IGNORED = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))


def is_visible(text: str) -> bool:
    """Return whether the text has at least one visible character."""
    return any(
        unicodedata.category(char) not in _INVISIBLE_CATEGORIES
        and char not in _INVISIBLE_CHARACTERS
        and not any(ord(char) in ignored for ignored in _IGNORED)
        for char in text
    )
