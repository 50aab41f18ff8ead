"""/api/contact: submitting the form in each encoding, reading submissions, and defining other forms."""

import json
import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
import time_machine

from shared.core import config, logs, tables
from shared.records import outbox, submissions
from shared.values import types
from shared.values.types import Email, Text
from shared.web.forms import Fields, Form
from tests.support import PASSWORD, ROOT, stored
from tests.support.api import Api, Inbox, Reply, event
from tests.support.assertions import assert_error
from tests.support.faults import Wire
from tests.support.form_bodies import ACCEPT, EMAIL, FILLED_IN, MESSAGE, NAME, URLENCODED, multipart, parts, sent

URL = "/api/contact"
FORM = {"name": "Ada", "email": "ada@example.com", "message": "Where do I find the manual?"}
MULTIPART = "multipart/form-data; boundary=x"
ENCODINGS: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
    "application/json": lambda form: sent("application/json", json.dumps(form).encode()),
    URLENCODED: lambda form: sent(URLENCODED, urlencode(form).encode()),
    "multipart/form-data": lambda form: sent(MULTIPART, multipart(form)),
}
START = 1_800_000_000


@pytest.fixture(params=ENCODINGS)
def send(api: Api, request: pytest.FixtureRequest) -> Callable[..., Reply]:
    """Return a function that submits the form, with some fields replaced. Runs the test once for each encoding."""
    encoded = ENCODINGS[request.param]
    return lambda **fields: api.send(encoded(FORM | fields))


def submitted() -> list[dict[str, Any]]:
    """Return the fields of the stored submissions, after checking the stored data."""
    stored.check()
    return [dict(item["fields"]) for item in stored.items("SubmissionsTable")]


def nothing_stored() -> bool:
    return stored.items("SubmissionsTable") == stored.items("OutboxTable") == []


def test_other_verbs_answer_405(api: Api) -> None:
    for verb in ("PUT", "PATCH", "DELETE"):
        reply = api.call(verb, URL)
        assert_error(reply, 405, "method_not_allowed")
        assert reply.headers["allow"] == "GET, POST"


# Submitting ----------------------------------------------------------------------------------------


def test_submission_is_stored_emailed_and_answered_with_its_id(
    send: Callable[..., Reply], admin: Api, inbox: Inbox
) -> None:
    reply = send()
    assert reply.status == 201
    (submission,) = admin.get(URL).json["data"]
    assert reply.json == {"success": True, "data": {"id": submission["id"]}}
    assert list(submission) == ["id", "name", "email", "message", "createdAt"]
    assert submission | FORM == submission
    assert submitted() == [FORM]
    (email,) = inbox.all()
    assert (email.to, email.reply_to) == ("contact@example.com", ["ada@example.com"])
    assert email.subject == f"Contact: a new message for Lambda API Routes ({reply.json['data']['id'][:8]})"


@pytest.mark.parametrize("as_base64", [True, False])
@pytest.mark.parametrize("content_type", FILLED_IN, ids=["urlencoded", "multipart"])
def test_browser_is_redirected_to_the_thanks_page(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    content_type: str,
    as_base64: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setenv("FRONTEND_URL", "https://app.example.org/base")
    config.settings.cache_clear()
    form = sent(content_type, FILLED_IN[content_type], as_base64=as_base64, accept=ACCEPT, host="evil.example")
    reply = api.send(form)
    assert (reply.status, reply.text) == (303, "")
    assert reply.headers["location"] == "https://app.example.org/base/contact/thanks"
    assert "content-type" not in reply.headers
    assert reply.headers["cache-control"] == "no-store"
    assert submitted() == [{"name": NAME, "email": EMAIL, "message": MESSAGE}]


@pytest.mark.parametrize("accept", ["TEXT/HTML", "text/html;q=0.1", "application/json, text/html; level=1; q=0.001"])
def test_client_that_accepts_html_is_redirected(api: Api, accept: str) -> None:
    assert api.send(sent(URLENCODED, urlencode(FORM).encode(), accept=accept)).status == 303


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/*", "text/html;q=0", "text/html; q=0.000"])
def test_client_that_does_not_accept_html_gets_the_id(api: Api, accept: str) -> None:
    assert api.send(sent(URLENCODED, urlencode(FORM).encode(), accept=accept)).status == 201


def test_json_submission_is_never_redirected(api: Api) -> None:
    assert api.post(URL, FORM, accept=ACCEPT).status == 201


def test_submission_is_one_transaction(api: Api, wire: Wire) -> None:
    api.post(URL, FORM)
    assert wire.calls == ["UpdateItem", "TransactWriteItems"]


# Validation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", FORM)
def test_each_field_is_required_in_each_encoding(api: Api, absent: str) -> None:
    for encoded in ENCODINGS.values():
        for form in ({**FORM, absent: " "}, {name: text for name, text in FORM.items() if name != absent}):
            reply = api.send(encoded(form))
            assert_error(reply, 400, "validation_failed")
            assert reply.json["message"] == "Name, email and message are required"
            assert reply.json["errors"] == [{"field": absent, "message": "is required"}]
    assert nothing_stored()


@pytest.mark.parametrize("content_type", ["application/json", URLENCODED, MULTIPART])
def test_empty_body_names_the_required_fields(api: Api, content_type: str) -> None:
    reply = api.send(sent(content_type, b""))
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "Name, email and message are required"


@pytest.mark.parametrize("content_type", ["text/plain", "", "multipart/mixed; boundary=x", "application/xml"])
def test_other_content_types_are_rejected(api: Api, content_type: str) -> None:
    reply = api.send(sent(content_type, multipart(FORM)))
    assert_error(reply, 415, "unsupported_media_type")
    accepted = "application/json or application/x-www-form-urlencoded or multipart/form-data"
    assert reply.json["message"] == f"Content-Type must be {accepted}"


def test_file_is_rejected_and_an_empty_file_input_is_not(api: Api) -> None:
    form = multipart(FORM).removesuffix(b"--x--\r\n")
    empty, file = (
        parts(b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + content)
        for name, content in ((b"", b""), (b"a.txt", b"hello"))
    )
    assert api.send(sent(MULTIPART, form + empty)).status == 201
    reply = api.send(sent(MULTIPART, form + file))
    assert_error(reply, 415, "unsupported_media_type")
    assert reply.json["message"] == "This form does not accept files"
    assert submitted() == [FORM]


@pytest.mark.parametrize("repeated", [*FORM, "website"])
def test_repeated_field_is_rejected(api: Api, repeated: str) -> None:
    pairs = [*FORM.items(), ("website", ""), (repeated, "again")]
    bodies = {
        URLENCODED: urlencode(pairs).encode(),
        MULTIPART: parts(*(f'Content-Disposition: form-data; name="{n}"\r\n\r\n{t}'.encode() for n, t in pairs)),
    }
    for content_type, body in bodies.items():
        reply = api.send(sent(content_type, body))
        assert_error(reply, 400, "validation_failed")
        assert reply.json["message"] == f"{repeated}: is given more than once"
        assert reply.json["errors"] == [{"field": repeated, "message": "is given more than once"}]
    assert nothing_stored()


def test_unknown_fields_are_ignored_even_if_repeated(api: Api) -> None:
    assert api.send(sent(URLENCODED, urlencode(FORM).encode() + b"&id=1&createdAt=2&__proto__=3&id=4")).status == 201
    assert submitted() == [FORM]


def test_line_breaks_are_stored_as_line_feeds(send: Callable[..., Reply]) -> None:
    assert send(message="\r\n one\r\ntwo\rthree\u2028four\u0085\tfive \r\n\r\n").status == 201
    assert submitted()[0]["message"] == "one\ntwo\nthree\nfour\n\tfive"


def test_message_has_at_most_5000_characters_counted_as_browsers_do(send: Callable[..., Reply]) -> None:
    lines = "\r\n".join(["\u00e9" * 49] * 100)
    assert len(lines.replace("\r\n", "\n")) == 4999
    assert send(message=lines + "e").status == 201
    for one_too_many in ("ee", "e\u0301"):
        reply = send(message=lines + one_too_many)
        assert_error(reply, 400, "validation_failed")
        assert reply.json["message"] == "message: should have at most 5000 characters"


def test_message_length_is_checked_before_normalization(
    send: Callable[..., Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def normalize(form: Any, text: str) -> str:
        lengths.append(len(text))
        return unicodedata.normalize(form, text[:100])

    monkeypatch.setattr(types, "unicodedata", SimpleNamespace(normalize=normalize, category=unicodedata.category))
    assert send(message="a" + "\u0300\u0327" * 80_000).status == 400
    # NFC takes quadratic time in the number of accents on one letter.
    assert max(lengths) <= 5000


@pytest.mark.parametrize("character", ["\0", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x9b"])
def test_control_characters_are_rejected(send: Callable[..., Reply], character: str) -> None:
    for field in ("name", "message"):
        reply = send(**{field: f"A{character}da"})
        assert_error(reply, 400, "validation_failed")
        assert reply.json["message"] == f"{field}: must not contain control characters"
    assert send(email=f"a{character}da@example.com").status == 400
    assert nothing_stored()


@pytest.mark.parametrize(
    "text",
    ["\u05e9\u05dc\u05d5\u05dd", "\u0646\u0648\u0631\u200f", "\U0001f469\u200d\U0001f680", "\u6797", "Zoe\u0308"],
)
def test_any_script_is_stored_and_emailed(send: Callable[..., Reply], inbox: Inbox, text: str) -> None:
    assert send(name=text, message=text).status == 201
    expected = text.replace("e\u0308", "\u00eb")
    assert submitted() == [FORM | {"name": expected, "message": expected}]
    assert expected in inbox.newest().text
    assert f">{expected}</div>" in inbox.newest().html


def test_bidirectional_marks_are_rejected_in_names_but_not_in_messages(api: Api) -> None:
    assert api.post(URL, {**FORM, "name": "Ada \u202egnp.exe"}).status == 400
    assert api.post(URL, {**FORM, "message": "Call \u202a+44 20 7946 0958\u202c"}).status == 201


def test_address_has_at_most_254_characters(send: Callable[..., Reply], inbox: Inbox) -> None:
    domain = ".".join(["a" * 61] * 3)
    longest = f"{'l' * 64}@{domain}.com"
    assert len(longest) == 254
    assert send(email=longest).status == 201
    assert inbox.newest().reply_to == [longest]
    reply = send(email=f"{'l' * 64}@a{domain}.com")
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "email: is not a valid email address"


# Malicious JSON ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["NaN", "1", "true", "[]", "{}", '["a"]', "1e999"])
def test_values_that_are_not_strings_are_rejected(api: Api, value: str) -> None:
    reply = api.post(URL, f'{{"name": {value}, "email": {value}, "message": {value}}}')
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["name", "email", "message"]


@pytest.mark.parametrize("body", ["[" * 100_000, '{"message":' * 90_000, '{"message": "\\ud800"}', "{}{}"])
def test_malformed_json_is_rejected(api: Api, body: str) -> None:
    reply = api.post(URL, body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body is not valid JSON"


def test_last_of_repeated_json_keys_wins(api: Api) -> None:
    body = json.dumps(FORM)[:-1] + ', "message": "The last"}'
    assert api.post(URL, body).status == 201
    assert submitted() == [FORM | {"message": "The last"}]


# Emails about submissions --------------------------------------------------------------------------

INJECTED = "Ada\r\nBcc: everybody@example.com\r\n\r\nBuy"


def test_name_and_address_cannot_inject_headers(send: Callable[..., Reply]) -> None:
    assert_error(send(name=INJECTED), 400, "validation_failed")
    for address in (
        INJECTED,
        f"ada@example.com\r\n{INJECTED}",
        "ada@example.com, bcc@example.com",
        "A <a@example.com>",
    ):
        assert_error(send(email=address), 400, "validation_failed")
    assert nothing_stored()


def test_submitted_text_is_only_in_the_email_body_and_indented(send: Callable[..., Reply], inbox: Inbox) -> None:
    message = f"Email:\nking@example.com\n\nSubject: {INJECTED}\n<script>alert(1)</script> {{{{ app_name }}}}"
    assert send(message=message).status == 201
    email = inbox.newest()
    assert "Ada" not in email.subject + email.sender + email.to
    assert email.subject.isprintable()
    assert email.headers.keys() == {"X-Outbox-Id", "Auto-Submitted"}
    unindented = [line for line in email.text.splitlines() if line and not line.startswith("    ")]
    assert [line for line in unindented if line.endswith(":")] == ["Name:", "Email:", "Message:"]
    assert "Bcc" not in "".join(unindented)
    assert "<script>" not in email.html
    assert "{{ app_name }}" in email.text


HOMOGRAPH = "ada@\u0430pple.com"


def test_reply_to_address_is_in_punycode(api: Api, inbox: Inbox) -> None:
    assert api.post(URL, {**FORM, "email": HOMOGRAPH}).status == 201
    assert inbox.newest().reply_to == ["ada@xn--pple-43d.com"]


def test_address_that_providers_do_not_support_gets_no_reply_to(api: Api, inbox: Inbox) -> None:
    assert api.post(URL, {**FORM, "email": "\u00e1da@example.com"}).status == 201
    email = inbox.newest()
    assert email.reply_to == []
    assert "\u00e1da@example.com" in email.text


def test_submission_deleted_before_delivery_is_not_emailed(api: Api, inbox: Inbox) -> None:
    api.post(URL, FORM)
    (item,) = stored.items("SubmissionsTable")
    key = {"form": item["form"], "position": item["position"]}
    tables.write(tables.Delete(table=submissions.SUBMISSIONS, key=key))
    assert inbox.all() == []
    assert "doneAt" in stored.items("OutboxTable")[0]


# Bots ----------------------------------------------------------------------------------------------


def test_bot_gets_the_usual_answer_and_nothing_is_stored(
    send: Callable[..., Reply], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "api_routes"):
        caught = send(website="https://spam.example")
        bot, access = (json.loads(logs._JsonFormatter().format(record)) for record in caplog.records)
    assert nothing_stored()
    genuine = send()
    assert caught.status == genuine.status == 201
    assert caught.headers.keys() == genuine.headers.keys()
    assert caught.json.keys() == genuine.json.keys()
    assert caught.json["data"]["id"] != genuine.json["data"]["id"]
    assert len(caught.text) == len(genuine.text)
    assert bot.keys() == {"time", "level", "message", "form", "requestId"}
    assert (bot["level"], bot["message"], bot["form"]) == ("INFO", "bot", "contact")
    assert "spam" not in json.dumps([bot, access])


def test_bot_that_accepts_html_is_redirected(api: Api) -> None:
    body = urlencode({**FORM, "website": "x"}).encode()
    assert api.send(sent(URLENCODED, body, accept=ACCEPT)).status == 303
    assert nothing_stored()


@pytest.mark.parametrize("website", ["", None])
def test_empty_hidden_field_is_not_a_bot(api: Api, website: str | None) -> None:
    assert api.post(URL, {**FORM, "website": website}).status == 201
    assert submitted() == [FORM]


def test_submitted_text_is_never_logged(
    send: Callable[..., Reply], inbox: Inbox, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "api_routes"):
        send()
        send(email="nonsense", name="\0")
        inbox.deliver()
        wire.fail(lambda: (_ for _ in ()).throw(ZeroDivisionError), on="TransactWriteItems")
        assert send().status == 500
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records))
    for text in FORM.values():
        assert text not in log.replace("Administrator", "")


# Limits --------------------------------------------------------------------------------------------


@pytest.fixture
def rate_limits(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001  # resets settings
    """The rate limits of production, 40 seconds before the end of a minute."""
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    with time_machine.travel(START + 20, tick=False):
        yield


@pytest.mark.usefixtures("rate_limits")
def test_network_may_submit_five_times_a_minute_in_any_encoding(api: Api, support: Form) -> None:
    encoded = [*ENCODINGS.values()] * 2
    assert [api.send(encode(FORM)).status for encode in encoded] == [201] * 5 + [429]
    refused = api.post(URL, FORM, x_forwarded_for="198.51.100.9")
    assert_error(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "40"
    assert len(submitted()) == 5
    assert Api(ip="198.51.100.9").post(URL, FORM).status == 201
    assert submit_to(support, {"email": "ada@example.com", "question": "Why?"}).status == 201


@pytest.mark.usefixtures("rate_limits")
def test_bots_are_rate_limited_too(api: Api) -> None:
    assert [api.post(URL, {**FORM, "website": "x"}).status for _ in range(6)] == [201] * 5 + [429]


# Idempotency ---------------------------------------------------------------------------------------


def test_request_with_the_same_idempotency_key_is_executed_once(send: Callable[..., Reply], api: Api) -> None:
    first = api.post(URL, FORM, idempotency_key="k")
    again = api.send(sent(URLENCODED, urlencode(FORM).encode(), idempotency_key="k"))
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert submitted() == [FORM]
    assert send().status == 201
    assert len(submitted()) == 2


def test_idempotency_key_with_another_message_answers_409(api: Api) -> None:
    api.post(URL, FORM, idempotency_key="k")
    reply = api.post(URL, {**FORM, "message": "Another"}, idempotency_key="k")
    assert_error(reply, 409, "idempotency_key_reused")
    assert submitted() == [FORM]


def test_idempotency_key_is_scoped_to_the_network(api: Api) -> None:
    ids = {Api(ip=ip).post(URL, FORM, idempotency_key="k").json["data"]["id"] for ip in ("192.0.2.1", "192.0.2.2")}
    assert len(ids) == 2
    v6 = {Api(ip=f"2001:db8::{n}").post(URL, FORM, idempotency_key="k").json["data"]["id"] for n in (1, 2)}
    assert len(v6) == 1
    assert_error(api.post(URL, FORM, idempotency_key="k" * 256), 400, "validation_failed")


# Reading -------------------------------------------------------------------------------------------


def test_only_admins_read_submissions(api: Api, ada: Api) -> None:
    assert_error(api.get(URL), 401, "no_token")
    assert_error(ada.get(URL), 403, "forbidden")


def test_submissions_are_paged_newest_first(admin: Api, ada: Api) -> None:
    with time_machine.travel(START, tick=False) as now:
        admin = admin.signed_in("admin@example.com", PASSWORD)
        for number in range(5):
            now.shift(1)
            assert ada.post(URL, {**FORM, "message": str(number)}).status == 201
        seen, url = [], f"{URL}?limit=2"
        while url:
            page = admin.get(url)
            seen += [submission["message"] for submission in page.json["data"]]
            url = page.headers["link"].partition(">")[0].strip("<") if page.json["nextCursor"] else ""
            assert ("link" in page.headers) == bool(url)
        assert seen == ["4", "3", "2", "1", "0"]
        cursor = admin.get(f"{URL}?limit=2").json["nextCursor"]
        assert admin.get(f"/api/users?cursor={cursor}").json["code"] == "invalid_cursor"
        assert admin.get(f"{URL}?limit=101").status == 400


# Other forms ---------------------------------------------------------------------------------------


class Question(Fields):
    email: Email
    question: Text
    order_number: int | None = None
    subscribe: bool = False
    topics: tuple[str, ...] = ()


@pytest.fixture
def support(fake_aws: None) -> Form:  # noqa: ARG001  # stores submissions
    return Form("/api/support-desk", Question, recipient="support@example.com", thanks="/support/thanks")


def submit_to(form: Form, body: Any, **headers: str) -> Reply:
    named = {"content-type": "application/json", **headers}
    answer = form.handler(event("POST", form.api.path, json.dumps(body), named), None)
    return Reply(answer["statusCode"], answer["headers"], answer.get("body", ""))


def test_form_with_other_fields_is_stored_read_and_emailed(support: Form, admin: Api, inbox: Inbox) -> None:
    question = {
        "email": "ada@example.com",
        "question": "Why?",
        "orderNumber": 7,
        "subscribe": True,
        "topics": ["a", "b"],
    }
    assert submit_to(support, question).status == 201
    answer = support.handler(event("GET", support.api.path, None, admin.headers), None)
    (read,) = json.loads(answer["body"])["data"]
    assert list(read) == ["id", "email", "question", "orderNumber", "subscribe", "topics", "createdAt"]
    assert read | question == read
    assert admin.get(URL).json["data"] == []
    email = inbox.newest()
    assert (email.to, email.subject) == (
        "support@example.com",
        f"Support desk: a new message for Lambda API Routes ({read['id'][:8]})",
    )
    assert "Order number:\n    7\n\nSubscribe:\n    Yes\n\nTopics:\n    a, b\n" in email.text
    stored.check()


def test_checkbox_and_number_of_an_html_form_are_converted(support: Form) -> None:
    body = sent(URLENCODED, b"email=ada%40example.com&question=Why%3F&orderNumber=7&subscribe=on", support.api.path)
    assert support.handler(body | {"headers": {**body["headers"], "accept": ACCEPT}}, None)["statusCode"] == 303
    assert submitted()[0] | {"orderNumber": 7, "subscribe": True} == submitted()[0]


def test_form_of_the_contributors_guide_accepts_its_html_page(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # stores submissions
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a form")[2].partition("\n## ")[0]
    code, page = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    guide = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", guide)
    exec(code, vars(guide))  # noqa: S102  # our own document
    names = re.findall(r'name="(\w+)"', page)
    assert names == ["email", "question", "orderNumber", "website"]
    pairs = dict(zip(names, ["ada@example.com", "Why?", "", ""], strict=True))
    assert f'action="https://api.your.domain{guide.api.path}"' in page
    answer = guide.handler(sent(URLENCODED, urlencode(pairs).encode(), guide.api.path, accept=ACCEPT), None)
    assert answer["statusCode"] == 303
    assert submitted() == [{"email": "ada@example.com", "question": "Why?", "orderNumber": None}]


def test_form_without_an_email_field_sets_no_reply_to(inbox: Inbox) -> None:
    class Feedback(Fields):
        text: Text

    feedback = Form("/api/feedback", Feedback, recipient="support@example.com", thanks="/thanks")
    assert submit_to(feedback, {"text": "Fine."}).status == 201
    assert inbox.newest().reply_to == []


def test_outbox_entry_only_refers_to_the_submission(api: Api) -> None:
    api.post(URL, FORM)
    (entry,) = stored.items("OutboxTable")
    assert entry["details"].keys() == {"form", "position"}
    assert FORM["email"] not in repr(entry)
    assert entry["kind"] in get_args(outbox.Kind)
