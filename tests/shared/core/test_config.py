"""Settings from the environment: errors name each missing or invalid variable."""

import re
from collections.abc import Mapping

import pytest

from local.template import Project
from shared.core.config import ConfigurationError, Settings, settings, variable
from tests.support import ROOT

VARIABLES = [name.upper() for name in Settings._fields]


@pytest.fixture(autouse=True)
def environment_is_complete(environment: Mapping[str, str]) -> None:
    assert set(VARIABLES) <= environment.keys()
    settings.cache_clear()


def test_template_sets_every_variable() -> None:
    assert settings().users_table == "UsersTable"
    assert settings().rate_limit_multiplier == 1000  # set for the tests


def test_rate_limits_are_not_multiplied_by_default(project: Project) -> None:
    assert project.functions["LoginFunction"].environment["RATE_LIMIT_MULTIPLIER"] == "1"


@pytest.mark.parametrize("variable", VARIABLES)
def test_missing_variable_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("", None):
        if text is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, text)
        settings.cache_clear()
        with pytest.raises(ConfigurationError, match=f"^{variable} is not set. template.yaml") as raised:
            settings()
        assert sum(name in str(raised.value) for name in VARIABLES) == 1


def test_all_faults_are_named_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTACT_TO")
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "many")
    with pytest.raises(ConfigurationError, match="CONTACT_TO is not set; RATE_LIMIT_MULTIPLIER must be a whole number"):
        settings()


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", " ", "\u00b2", "\u0661"])
def test_multiplier_is_a_positive_whole_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", text)
    with pytest.raises(ConfigurationError, match="RATE_LIMIT_MULTIPLIER"):
        settings()


@pytest.mark.parametrize("text", ["", None])
def test_missing_variable_of_some_functions_is_named_when_it_is_read(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert variable("MAIL_FROM") == "no-reply@example.com"
    monkeypatch.delenv("MAIL_FROM")
    if text is not None:
        monkeypatch.setenv("MAIL_FROM", text)
    with pytest.raises(ConfigurationError, match=r"^MAIL_FROM is not set. template.yaml"):
        variable("MAIL_FROM")


def test_every_function_that_delivers_emails_has_the_variables_of_the_mail_package(project: Project) -> None:
    package = (ROOT / "layers/shared/shared/mail").glob("*.py")
    named = {name for file in package for name in re.findall(r'variable\("(\w+)"\)', file.read_text())}
    assert named
    for function in ("DeliverEmailFunction", "RetryEmailsFunction"):
        assert named - {"UNDELIVERED_EMAIL_QUEUE"} <= project.functions[function].environment.keys()
    assert "UNDELIVERED_EMAIL_QUEUE" in project.functions["RedriveEmailsFunction"].environment
    assert "MAIL_FROM" not in project.functions["MeFunction"].environment
