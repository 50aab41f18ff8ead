"""Content and appearance of emails. `snapshots/` contains each one as it is sent; `make snapshots` updates them."""

import difflib
import html
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError, meta

from shared.core import config
from shared.mail import message, messages, rendering
from shared.mail.message import Message
from shared.mail.rendering import contrast, ink, render
from shared.records import (
    credentials,
    flows,
    one_time_tokens,
    registrations,
    sign_in_requests,
    submissions,
    suppressions,
    users,
)
from shared.records.credentials import Credential
from shared.records.outbox import Entry, Kind
from shared.records.submissions import Submission
from shared.values import declared, emailed_codes
from tests.support import ROOT

SNAPSHOTS = Path(__file__).with_name("snapshots")
TEMPLATES = sorted(file.stem for file in rendering._FOLDER.glob("*.jinja"))
ADA = credentials.new(email="ada@example.com", user_id="0198c0de", password_hash="", email_change="1")
PENDING, _ = registrations.new(name="Ada", email="ada@example.com", password_hash="")
ASKED = {
    digest: sign_in_requests.new(email="ada@example.com", name="Ada", is_bound=is_bound)[0]
    for digest, is_bound in {"free": False, "bound": True}.items()
}
USER = users.new(name="Ada", email="ada@example.com", role="user", email_verified=True)
TOKEN, CODE = "0198c0de-7a10-7cc3.kZ3vQ1xq9T0aYw7mRb2LhE5uNc8s", "493027"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
SUBMISSION = Submission(
    shard="contact",
    id="0198c0de",
    created_at="2026-11-21T09:28:41.000Z",
    fields={
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "message": "Hello,\n\nis it <5 € & up?",
        "שם": "עדה",
    },
)
HOSTILE = "<b onclick='x'>{{ 7 * 7 }}{% raw %}\r\nBcc: eve@example.com\x00\u202egnp.exe\u2028\u2066\n\n" + "W" * 9_000


@pytest.fixture(autouse=True)
def configure(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set environment variables for these tests. Return a function that sets more."""
    assert environment is not None

    def configure(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config.settings.cache_clear()

    configure(APP_NAME="Acme & Co", FRONTEND_URL="https://app.example.com", BRAND_COLOR="#1f5fbf")
    return configure


@pytest.fixture
def compose(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Message]:
    """Return a function that composes the email of a case, with a fixed account, link and code."""
    monkeypatch.setattr(flows, "issue_for_mailbox", lambda *_: TOKEN)
    monkeypatch.setattr(one_time_tokens, "issue", lambda *_, **__: TOKEN)
    monkeypatch.setattr(one_time_tokens, "issue_for_sign_in", lambda *_, **__: TOKEN)
    monkeypatch.setattr(one_time_tokens, "issue_for_mailbox", lambda *_: TOKEN)
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    monkeypatch.setattr(sign_in_requests, "answer", lambda digest, *_: ASKED[digest])
    monkeypatch.setattr(emailed_codes, "derive", lambda *_: CODE)
    monkeypatch.setattr(registrations, "at", lambda *_: PENDING)
    monkeypatch.setattr(registrations, "newest_of_mailbox", lambda _: None)
    monkeypatch.setattr(registrations, "issue_code", lambda *_: CODE)
    monkeypatch.setattr(users, "find", lambda _: USER)

    def compose(name: str) -> Message:
        credential, kind, details = CASES[name]
        monkeypatch.setattr(credentials, "find", lambda _: credential)
        monkeypatch.setattr(suppressions, "reason_for", lambda _: None)
        monkeypatch.setattr(submissions, "find", lambda *_: SUBMISSION)
        monkeypatch.setattr(submissions, "of_hour", lambda *_: [SUBMISSION] * 3)
        entry = Entry(
            id="1",
            kind=kind,
            to="ada@example.com",
            details=details,
            attempts=2,
            retry_at=0,
            give_up_at=0,
            created_at=0,
            network="",
            is_counted=False,
            held_at=0,
            is_admitted=False,
        )
        email = messages.compose(entry)
        assert email is not None
        return email

    return compose


# For each email: the credential of its account, and the kind and details of its outbox entry.
CASES: Mapping[str, tuple[Credential | None, Any, Mapping[str, str]]] = {
    "registration": (None, "registration", {"registration": "p", "number": "5"}),
    "registration_without_code": (None, "registration", {"registration": "p", "number": "6"}),
    "already_registered": (ADA, "registration", {"registration": "p", "number": "1"}),
    "invitation": (replace(ADA, invited=True), "invitation", {}),
    "recovery": (ADA, "recovery", {}),
    "sign_in": (ADA, "sign_in", {"request": "free", "number": "5"}),
    "sign_in_without_code": (ADA, "sign_in", {"request": "bound", "number": "6"}),
    "sign_up": (None, "sign_in", {"request": "free", "number": "1"}),
    "email_change": (ADA, "email_change", {"userId": "0198c0de", "request": "1"}),
    "email_changed": (ADA, "email_changed", {"userId": "0198c0de", "version": "2"}),
    "password_changed": (ADA, "password_changed", {}),
    "account_opened": (ADA, "account_opened", {"provider": "Google"}),
    "identity_link": (
        ADA,
        "identity_link",
        {"provider": "google", "issuer": "i", "subject": "s", "email": "ada@example.com", "challenge": "c"},
    ),
    "identity_linked": (ADA, "identity_linked", {"provider": "Google"}),
    "identity_unlinked": (ADA, "identity_unlinked", {"provider": "Google"}),
    "new_device": (ADA, "new_device", {"ip": "203.0.113.7", "user_agent": USER_AGENT}),
    "session_ended": (ADA, "session_ended", {}),
    "factor_added": (ADA, "factor_added", {}),
    "factor_removed": (ADA, "factor_removed", {}),
    "factors_reset": (ADA, "factors_reset", {}),
    "recovery_codes_renewed": (ADA, "recovery_codes_renewed", {}),
    "recovery_code_used": (ADA, "recovery_code_used", {"left": "9"}),
    "passkey_cloned": (ADA, "passkey_cloned", {}),
    "role_changed": (ADA, "role_changed", {"before": "user", "after": "admin"}),
    "account_disabled": (ADA, "account_disabled", {}),
    "account_closed": (ADA, "account_closed", {}),
    "account_enabled": (ADA, "account_enabled", {}),
    "submission": (ADA, "submission", {"form": "contact", "position": "p"}),
    "submission_digest": (ADA, "submission_digest", {"form": "contact", "hour": "2026-08-04T09"}),
}
VARIANTS = ("registration", "registration_without_code", "sign_in_without_code")
each_email = pytest.mark.parametrize("name", CASES)


class ParsedHtml(HTMLParser):
    """The texts, links and tags of an HTML document."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style" and data.strip():
            self.texts.append(data)


# Snapshots -----------------------------------------------------------------------------------------


@each_email
def test_email_equals_its_snapshot(name: str, compose: Callable[[str], Message]) -> None:
    email = compose(name)
    for extension, content in {"txt": f"Subject: {email.subject}\n\n{email.text}", "html": f"{email.html}\n"}.items():
        file = SNAPSHOTS / f"{name}.{extension}"
        if os.environ.get("SNAPSHOTS") == "accept":
            file.write_text(content)
        snapshot = file.read_text() if file.exists() else ""
        diff = difflib.unified_diff(snapshot.splitlines(), content.splitlines(), "snapshot", "email", lineterm="")
        assert content == snapshot, "\n".join([f"{file.name} has changed; `make snapshots` updates it.", *diff])


def test_snapshots_cover_every_kind_of_email_and_every_template() -> None:
    assert set(get_args(Kind)) <= set(CASES)
    assert {file.name for file in SNAPSHOTS.iterdir()} == {
        f"{name}.{extension}" for name in CASES for extension in ("txt", "html")
    }
    assert set(TEMPLATES) == set(CASES) - set(VARIANTS) | {"verify_email"}


def test_readme_quotes_a_template_exactly() -> None:
    readme = (ROOT / "README.md").read_text()
    assert (rendering._FOLDER / "recovery.jinja").read_text() in readme


@each_email
def test_text_and_html_have_the_same_content(name: str, compose: Callable[[str], Message]) -> None:
    email = compose(name)
    parsed = ParsedHtml(email.html)
    assert set(re.findall(r"https?://\S+", email.text)) == set(parsed.links)
    assert all(link in parsed.texts for link in parsed.links), "a link is not shown as text"
    assert re.findall(r"\b\d{6}\b", email.text) == re.findall(r"\b\d{6}\b", "\n".join(parsed.texts))
    only_in_html = {email.subject, "If the button does not work, copy this link:", "Acme & Co"}
    _, preview, *shown = parsed.texts
    text_words = " ".join(email.text.split())
    assert [
        text for text in shown if " ".join(text.split()) not in text_words and text.strip() not in only_in_html
    ] == []
    assert preview not in text_words
    html_words = " ".join(" ".join(parsed.texts).split())
    assert [
        line for line in email.text.splitlines() if " ".join(line.removesuffix(":").split()) not in html_words
    ] == []


@each_email
def test_email_loads_nothing_and_is_too_short_to_be_clipped(name: str, compose: Callable[[str], Message]) -> None:
    """Gmail clips an email after 102 KB."""
    email = compose(name)
    assert len(email.html.encode()) < 8_000
    assert {tag for tag, _ in ParsedHtml(email.html).tags}.isdisjoint({"img", "link", "script", "iframe", "form"})
    assert "url(" not in email.html
    assert "@import" not in email.html


@each_email
def test_html_has_hints_for_email_clients_and_screen_readers(name: str, compose: Callable[[str], Message]) -> None:
    email = compose(name)
    parsed = ParsedHtml(email.html)
    meta_tags = {attributes.get("name"): attributes.get("content") for tag, attributes in parsed.tags if tag == "meta"}
    assert meta_tags["color-scheme"] == meta_tags["supported-color-schemes"] == "light dark"
    assert [attributes for tag, attributes in parsed.tags if tag == "html"] == [{"lang": "en"}]
    assert all(attributes["role"] == "presentation" for tag, attributes in parsed.tags if tag == "table")
    assert len([tag for tag, _ in parsed.tags if tag == "h1"]) == 1
    assert not [attributes for _, attributes in parsed.tags if {"bgcolor", "color"} & set(attributes)]


# Values in templates -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_uses_exactly_the_values_passed_to_it(
    name: str, compose: Callable[[str], Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: set[str] = set()

    def spy(_: str, **values: Any) -> tuple[str, str, str]:
        passed.update(values)
        return "", "", ""

    monkeypatch.setattr(message, "render", spy)
    compose("registration" if name == "verify_email" else name)
    source = (rendering._FOLDER / f"{name}.jinja").read_text()
    used = meta.find_undeclared_variables(rendering._templates().parse(source))
    assert used - {"app_name", "button", "link", "code", "field"} == passed


def test_missing_value_raises() -> None:
    with pytest.raises(UndefinedError, match="url"):
        render("recovery")


def test_hostile_device_details_stay_on_one_short_line_each() -> None:
    _, text, source = render("new_device", forgot_url="https://x.example", ip=HOSTILE, user_agent=HOSTILE)
    lines = [line for line in text.splitlines() if "gnp.exe" in line or "WW" in line or "Bcc" in line]
    assert len(lines) == 2
    assert all(line.startswith("    <b onclick") and len(line) <= 124 for line in lines)
    assert not re.search("[\x00\r\u2028\u202e\u2066]", text + source)
    assert "<b" not in source.replace("<body", "").replace("<br>", "")
    assert "{{ 7 * 7 }}" in text
    assert "{{ 7 * 7 }}" in source
    assert "49" not in text


def test_hostile_form_fields_cannot_imitate_other_fields() -> None:
    forged = "Hi\n\nEmail:\n    eve@example.com\r\n</div></td>" + HOSTILE
    values = {"form": "Contact", "number": "3f2a91c0", "sent_at": "today", "fields": [(HOSTILE, forged)]}
    subject, text, source = render("submission", **values)  # type: ignore[arg-type]  # the values have two types
    assert subject == "Contact: a new message for Acme & Co (3f2a91c0)"
    _, _, fields = text.partition("today.\n\n")
    label, *value = fields.splitlines()
    assert label.startswith("<b onclick")
    assert all(line.startswith("    ") for line in value if line)
    assert "&lt;/div&gt;&lt;/td&gt;" in source
    assert not re.search("[\x00\r\u2028\u202e\u2066]", text + source)
    (block,) = re.findall(r'<div dir="auto" style="[^"]*white-space: pre-wrap">(.*?)</div>', source, re.DOTALL)
    assert html.unescape(block).startswith("Hi<br><br>Email:<br>    eve@example.com<br></div></td><b onclick")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_form_value_adds_no_tags_and_no_unindented_lines(value: str) -> None:
    arguments: dict[str, Any] = {"form": "Contact", "number": "3f2a91c0", "sent_at": "today"}
    plain = render("submission", fields=[("Message", "x")], **arguments)
    subject, text, source = render("submission", fields=[("Message", value)], **arguments)
    assert subject == plain[0]
    assert [line for line in text.split("\n") if line.strip() and not line.startswith("    ")] == [
        line for line in plain[1].split("\n") if line.strip() and not line.startswith("    ")
    ]
    assert [tag for tag in ParsedHtml(source).tags if tag[0] != "br"] == [
        tag for tag in ParsedHtml(plain[2]).tags if tag[0] != "br"
    ]


def test_line_breaks_in_the_app_name_do_not_reach_the_subject(configure: Callable[..., None]) -> None:
    configure(APP_NAME="Acme\r\nBcc: eve@example.com\u2028\x07")
    subject, text, _ = render("recovery", url="https://x.example")
    assert subject == "Choose a new password for Acme Bcc: eve@example.com"
    assert "\nBcc" not in text


def test_only_the_html_is_escaped(compose: Callable[[str], Message]) -> None:
    email = compose("submission")
    assert "is it <5 € & up?" in email.text
    assert "is it &lt;5 € &amp; up?" in email.html
    assert "Acme & Co" in email.subject


# Colors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4)],
)
def test_contrast_is_computed_as_wcag_defines_it(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(contrast(other, one))
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@settings(deadline=None)
@given(st.integers(0, 0xFFFFFF))
def test_button_text_is_readable_on_any_color(color: int) -> None:
    background = f"#{color:06x}"
    assert contrast(ink(background), background) >= 4.5


@pytest.mark.parametrize(("color", "expected"), [("#ffd400", "#000000"), ("#1F5FBF", "#ffffff")])
def test_button_has_the_configured_color(configure: Callable[..., None], color: str, expected: str) -> None:
    configure(BRAND_COLOR=color)
    _, _, source = render("recovery", url="https://x.example")
    assert f"background-color: {color}" in source
    assert re.search(rf'<a href="https://x.example" style="[^"]*[; ]color: {expected};', source)


def test_text_is_readable_in_both_color_schemes() -> None:
    values = {"form": "Contact", "number": "1", "sent_at": "today", "fields": [("Name", "Ada")]}
    source = render("submission", **values)[2] + render("recovery", url="x")[2]  # type: ignore[arg-type]  # as above
    dark = dict(re.findall(r"\.(\w+) \{.*?(?<!-)color: (#\w{6}) !important", source))
    backgrounds = dict(re.findall(r"\.(page|card) \{ background-color: (#\w{6})", source))
    assert set(dark) == {"card", "small", "link"}
    inline = " ".join(style for _, attributes in ParsedHtml(source).tags if (style := attributes.get("style")))
    on_button = ink(config.variable("BRAND_COLOR"))
    for name in ("page", "card"):
        (light,) = set(re.findall(rf'class="{name}"[^>]*background-color: (#\w{{6}})', source))
        for color in set(re.findall(r"(?<!-)color: (#\w{6})", inline)) - {on_button}:
            assert contrast(color, light) >= 4.5, (color, light)
        for color in dark.values():
            assert contrast(color, backgrounds[name]) >= 4.5, (color, backgrounds[name])


# Languages -----------------------------------------------------------------------------------------


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One template in German, and no other."""
    folder = shutil.copytree(rendering._FOLDER, tmp_path / "templates")
    (folder / "de").mkdir(exist_ok=True)
    (folder / "de/account_closed.jinja").write_text("Subject: Konto geschlossen\nPreview: Es ist weg.\n\nSchade.\n")
    monkeypatch.setattr(rendering, "_FOLDER", folder)
    rendering._templates.cache_clear()
    yield
    rendering._templates.cache_clear()


@pytest.mark.usefixtures("german")
def test_template_of_another_language_is_used_if_there_is_one() -> None:
    english = {
        name: render(name, **values) for name, values in {"account_closed": {}, "invitation": {"url": "u"}}.items()
    }
    with rendering.speaking("de"):
        subject, text, html = render("account_closed")
        assert (subject, text) == ("Konto geschlossen", "Schade.\n")
        assert html.count('lang="de"') == 2
        assert render("invitation", url="u") == english["invitation"]
    assert render("account_closed") == english["account_closed"]


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("language", ["fr", "../templates/de", "/etc"])
def test_language_without_a_folder_is_english(language: str) -> None:
    english = render("account_closed")
    with rendering.speaking(language):
        assert render("account_closed") == english


@pytest.mark.usefixtures("german")
def test_profile_of_the_account_decides_also_about_an_email_to_a_new_address(
    compose: Callable[[str], Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    german = USER._replace(details=cast("Any", {"language": "de"}))
    seen: list[str] = []
    monkeypatch.setattr(declared, "has", lambda name: name == "language")
    monkeypatch.setattr(users, "find", lambda _: german)
    rendered = rendering.render

    def spy(*template: str, **values: Any) -> tuple[str, str, str]:
        seen.append(rendering._language.get())
        return rendered(*template, **values)

    monkeypatch.setattr(message, "render", spy)
    for name in ("recovery", "email_change", "email_changed", "invitation", "registration"):
        monkeypatch.setattr(users, "find", lambda _: german)
        compose(name)
    assert seen == ["de", "de", "de", "de", "en"]
    assert rendering._language.get() == "en"
