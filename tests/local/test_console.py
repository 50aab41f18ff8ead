"""The terminal's lines."""

import io

import pytest

from local.console import Console


@pytest.mark.parametrize("status", [404, 502])
def test_a_path_writes_neither_a_line_of_its_own_nor_what_a_terminal_obeys(status: int) -> None:
    out = io.StringIO()
    Console(out).request("GET /caf\u00e9\n12:00:00 GET /forged\r\x1b]0;title\x07\x9b2J", status)
    assert out.getvalue() == "GET /caf\u00e9%0A12:00:00 GET /forged%0D%1B]0;title%07%9B2J\n"
