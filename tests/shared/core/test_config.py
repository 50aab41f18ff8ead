"""The environment: what is missing or makes no sense is named."""

from collections.abc import Mapping

import pytest

from local.template import Project
from shared.core.config import ConfigurationError, Settings, settings

VARIABLES = [name.upper() for name in Settings._fields]


@pytest.fixture(autouse=True)
def whole(environment: Mapping[str, str]) -> None:
    assert set(VARIABLES) <= environment.keys()
    settings.cache_clear()


def test_the_template_sets_every_variable() -> None:
    assert settings().users_table == "UsersTable"
    assert settings().rate_limit_multiplier == 1000  # the tests' own


def test_limits_are_as_they_are_unless_somebody_widens_them(project: Project) -> None:
    assert project.functions["LoginFunction"].environment["RATE_LIMIT_MULTIPLIER"] == "1"


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_missing_variable_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("", None):
        if text is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, text)
        settings.cache_clear()
        with pytest.raises(ConfigurationError, match=f"^{variable} is not set. template.yaml") as raised:
            settings()
        assert sum(name in str(raised.value) for name in VARIABLES) == 1


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAIL_FROM")
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "many")
    with pytest.raises(ConfigurationError, match="MAIL_FROM is not set; RATE_LIMIT_MULTIPLIER must be a whole number"):
        settings()


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", " ", "\u00b2", "\u0661"])
def test_the_multiplier_is_a_whole_number_above_0(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", text)
    with pytest.raises(ConfigurationError, match="RATE_LIMIT_MULTIPLIER"):
        settings()
