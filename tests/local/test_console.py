"""Output on the terminal."""

import io

import pytest

from local.console import Console


@pytest.mark.parametrize("status", [404, 502])
def test_control_characters_in_a_path_are_escaped(status: int) -> None:
    out = io.StringIO()
    Console(out).request("GET /caf\u00e9\n12:00:00 GET /forged\r\x1b]0;title\x07\x9b2J", status)
    assert out.getvalue() == "GET /caf\u00e9%0A12:00:00 GET /forged%0D%1B]0;title%07%9B2J\n"
