"""Texts that show nothing, and fields that do not accept them."""

import unicodedata

import pytest

from shared.values.visibility import is_visible
from tests.support import PASSWORD
from tests.support.api import Api

INVISIBLE = "\u200b\u00ad\u3164\ufeff\U000e0041\u115f\u2800\u2060\u034f \u2003\u0301\u2065\ufff0"


@pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
def test_name_needs_a_visible_character(api: Api, char: str) -> None:
    assert not is_visible(char * 3)
    assert is_visible(f"{char}A{char}")
    body = {"name": f"{char}{char}", "email": "ada@example.com", "password": PASSWORD}
    reply = api.post("/api/auth/register", body)
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "name")
    assert api.post("/api/auth/register", {**body, "name": f"Ada{char}B"}).status == 202


@pytest.mark.parametrize("name", ["é", "e\u0301", "李", "👩🏽\u200d💻", "ﻼ", "0", "न\u094d", "_", "ㄱ"])
def test_names_in_all_scripts_are_visible(name: str) -> None:
    assert is_visible(unicodedata.normalize("NFC", name))
