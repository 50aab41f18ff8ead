"""`.env.local`: which values it has, and what is wrong with a line."""

import json
import os
from pathlib import Path

import pytest

from local.errors import RunnerError
from local.settings import Settings, read_settings
from tests.support import ROOT

TEMPLATE = ROOT / "template.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env.local"


def read(file: Path, text: str) -> Settings:
    file.write_text(text, encoding="utf-8")
    return read_settings(file, TEMPLATE)


def test_file_has_parameters_and_secrets(file: Path) -> None:
    settings = read(
        file,
        """
        # What this machine needs.
        FrontendUrl=http://localhost:5173
        export AppName="My shop"   # in emails
        SendGridKeySecret='SG.a$b'
        CorsOrigins=
        """,
    )
    assert settings.parameters == {"FrontendUrl": "http://localhost:5173", "AppName": "My shop", "CorsOrigins": ""}
    assert settings.secrets == {"SendGridKeySecret": "SG.a$b"}
    assert "SG." not in repr(settings)


def test_missing_or_empty_file_has_no_values(file: Path) -> None:
    assert read_settings(file, TEMPLATE).parameters == {}
    assert read(file, "\ufeff\n# nothing\n").parameters == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AppName=x\n\nFrontendURL=http://localhost:5173", r"line 3: .* FrontendURL\. Did you mean FrontendUrl\?"),
        ("CORS_ORIGINS=http://localhost:5173", r"line 1: .* CORS_ORIGINS\. Did you mean CorsOrigins\?"),
        ("Zzz=1", r"line 1: template.yaml has no parameter or secret Zzz\. Known are AlarmEmail, "),
        ("AppName", "line 1: write each value as Name=value"),
        ("AppName=x\n= y", "line 2: write each value as Name=value"),
        ("# a\nProxyKeySecret=x", "line 2: ProxyKeySecret gets its value from its rotation"),
        ("SendGridKeySecret=", "line 1: SendGridKeySecret has no value"),
        ("AppName=a\0b", "line 1: the value has a control character"),
    ],
    ids=["another case", "another style", "unknown", "no value", "no name", "rotated", "empty secret", "control"],
)
def test_wrong_line_is_named(file: Path, text: str, message: str) -> None:
    with pytest.raises(RunnerError, match=rf"\.env\.local, {message}"):
        read(file, text)


def test_file_in_another_encoding_is_reported(file: Path) -> None:
    file.write_bytes("AppName=Café".encode("latin-1"))
    with pytest.raises(RunnerError, match=r"\.env\.local cannot be read"):
        read_settings(file, TEMPLATE)


def test_what_is_not_a_file_is_not_opened(file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(RunnerError, match="is not a file"):
        read_settings(file, TEMPLATE)


def test_broken_template_is_reported_as_such(file: Path, tmp_path: Path) -> None:
    file.write_text("AppName=x")
    template = tmp_path / "template.yaml"
    for text in ("\tbroken: [", "", "Resources: {A: text}", "Resources: {A: }"):
        template.write_text(text)
        with pytest.raises(RunnerError, match=r"template\.yaml cannot be read"):
            read_settings(file, template)
    template.unlink()
    with pytest.raises(RunnerError, match="There is no"):
        read_settings(file, template)


def test_example_is_valid_and_changes_nothing_until_a_line_is_enabled(file: Path) -> None:
    example = (ROOT / ".env.local.example").read_text(encoding="utf-8")
    assert read(file, example).parameters == {}
    enabled = "\n".join(line.removeprefix("# ") if "=" in line else line for line in example.splitlines())
    settings = read(file, enabled)
    names = {"FrontendUrl", "CorsOrigins", "AppName", "SignUp", "AllowedDomains", "MailProviders"}
    assert settings.parameters.keys() == names
    assert settings.secrets.keys() == {"SendGridKeySecret", "ProviderSecret"}
    assert json.loads(settings.secrets["ProviderSecret"]).keys() == {"acme"}
