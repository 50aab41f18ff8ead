"""The command line of the runner."""

import pytest

from local.__main__ import _options


@pytest.mark.parametrize(
    ("variable", "arguments", "port"),
    [("", [], 3000), ("3001", [], 3001), ("3001", ["--port", "3002"], 3002)],
    ids=["default", "PORT", "--port"],
)
def test_port_is_chosen_by_the_variable_or_the_option(
    monkeypatch: pytest.MonkeyPatch, variable: str, arguments: list[str], port: int
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    if variable:
        monkeypatch.setenv("PORT", variable)
    monkeypatch.setattr("sys.argv", ["local", *arguments])
    assert _options().port == port
