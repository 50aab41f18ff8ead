"""What a browser gets for a form that is not accepted: a page with what was typed, or a redirect to the front end."""

import json
from html.parser import HTMLParser
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support import stored
from tests.support.api import Api, Reply, routes
from tests.support.faults import Wire, error
from tests.support.form_bodies import ACCEPT, URLENCODED, multipart, sent

URL = "/api/contact"
WRONG = {"name": "Ada \"<b>\" & 'co'", "email": "ada@", "message": "\nTwo\nlines </textarea><script>alert(1)</script>"}
MULTIPART = "multipart/form-data; boundary=x"


class Page(HTMLParser):
    """A page: its text, and the attributes of each field by its name, with what is in it as `typed`."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        self.text, self.tags, self.fields = "", [], {}  # type: ignore[var-annotated]
        self._textarea = ""
        self.feed(reply.text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attributes)
        if tag in {"input", "textarea"}:
            self.fields[found["name"]] = {"tag": tag, **found, "typed": found.get("value", "")}
            self._textarea = str(found["name"]) if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            # HTML ignores a line break at the beginning.
            self.fields[self._textarea]["typed"] += data.removeprefix("\n")
        else:
            self.text += data


def post(api: Api, fields: dict[str, str]) -> Reply:
    return api.send(sent(URLENCODED, urlencode(fields).encode(), accept=ACCEPT))


@pytest.mark.parametrize("encoding", [URLENCODED, MULTIPART])
def test_page_says_what_to_correct_and_keeps_what_was_typed(api: Api, encoding: str) -> None:
    body = urlencode(WRONG).encode() if encoding == URLENCODED else multipart(WRONG)
    reply = api.send(sent(encoding, body, accept=ACCEPT))
    assert reply.status == 400
    page = Page(reply)
    assert {name: own["typed"] for name, own in page.fields.items()} == {**WRONG, "website": ""}
    assert page.tags.count("script") == 0
    assert "Email is not a valid email address." in page.text
    assert "aria-invalid" in page.fields["email"]
    assert "aria-invalid" not in page.fields["name"]
    assert "Please correct what is marked." in page.text
    assert [own["tag"] for own in page.fields.values()] == ["input", "input", "textarea", "input"]
    assert page.fields["email"]["type"] == "email"
    assert stored.items("SubmissionsTable") == []


def test_corrected_form_of_the_page_is_accepted(api: Api) -> None:
    page = Page(post(api, WRONG))
    typed = {name: own["typed"] for name, own in page.fields.items()} | {"email": "ada@example.com"}
    assert post(api, typed).status == 303
    (item,) = stored.items("SubmissionsTable")
    assert dict(item["fields"])["message"].strip() == WRONG["message"].strip()


def test_fault_of_a_field_that_people_do_not_see_is_shown(api: Api) -> None:
    reply = api.send(sent(URLENCODED, urlencode(WRONG).encode() + b"&website=&website=", accept=ACCEPT))
    assert "Website is given more than once." in Page(reply).text


def test_policy_allows_the_pages_own_style_and_no_script(api: Api) -> None:
    policy = post(api, WRONG).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self' http://localhost:3001;" in policy
    assert "frame-ancestors 'none'" in policy


def test_script_and_program_get_json(api: Api) -> None:
    for accept in ("*/*", "application/json", ""):
        reply = api.send(sent(URLENCODED, urlencode(WRONG).encode(), accept=accept))
        assert (reply.status, reply.json["code"]) == (400, "validation_failed")
    assert api.post(URL, WRONG, accept=ACCEPT).json["code"] == "validation_failed"


def test_body_that_cannot_be_read_gets_a_page_without_a_form(api: Api) -> None:
    file = b'--x\r\nContent-Disposition: form-data; name="name"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
    for content_type, body, status in (
        (MULTIPART, file, 415),
        ("text/plain", b"name=Ada", 415),
        (URLENCODED, b"name=%ff", 400),
        (URLENCODED, b"name=" + b"a" * (1024 * 1024), 413),
    ):
        reply = api.send(sent(content_type, body, accept=ACCEPT))
        page = Page(reply)
        assert (reply.status, page.fields) == (status, {})
        assert "Go back to the form" in page.text


def test_page_of_a_temporary_failure_keeps_what_was_typed(api: Api, wire: Wire) -> None:
    valid = {**WRONG, "email": "ada@example.com"}
    wire.fail(error("ThrottlingException"))
    reply = post(api, valid)
    page = Page(reply)
    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    assert "The service is busy: try again shortly." in page.text
    assert page.fields["message"]["typed"] == valid["message"]


@pytest.fixture
def contact(api: Api) -> ModuleType:  # noqa: ARG001  # imports the functions
    return next(module for pattern, module in routes() if pattern.fullmatch(URL))


def test_with_a_page_of_the_front_end_a_mistake_leads_back_there(
    api: Api, contact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact.form, "_mistakes", "/contact")
    reply = post(api, WRONG)
    assert (reply.status, reply.text) == (303, "")
    location = urlsplit(reply.headers["location"])
    assert location._replace(query="").geturl() == "http://localhost:3001/contact"
    query = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert query["code"] == "validation_failed"
    assert [fault["field"] for fault in json.loads(query["errors"])] == ["email"]
    assert "Ada" not in location.query


def test_defect_is_counted_and_logged_though_the_browser_is_redirected(
    api: Api, contact: Any, wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contact.form, "_mistakes", "/contact")
    wire.fail(error("AccessDeniedException"))
    reply = post(api, {**WRONG, "email": "ada@example.com"})
    assert (reply.status, "code=internal_error" in reply.headers["location"]) == (303, True)
    assert '"ServerErrors":1' in capsys.readouterr().out
