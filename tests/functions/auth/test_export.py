"""GET /api/auth/export: everything that the caller's account owns, in the response or as a file."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError

from shared.accounts import export
from shared.core import aws, clock
from shared.core.tables import Delete, write
from shared.records import activity, limits
from shared.records.users import USERS
from tests.support import PASSWORD, owned, rights, stored
from tests.support.api import Api, Reply
from tests.support.assertions import assert_error

URL = "/api/auth/export"
BUCKET = "ExportsBucket"


@pytest.fixture
def resources(fake_aws: None) -> Iterator[None]:  # noqa: ARG001  # holds their tables
    """Two resources that accounts own."""
    with owned.registered():
        yield


@pytest.fixture
def _real_limits(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # undoes its patch
    monkeypatch.setattr(limits, "_PER_EXPORT", clock.HOUR)
    monkeypatch.setattr(limits, "_PER_ATTEMPT", clock.MINUTE)


@contextmanager
def without_s3() -> Iterator[None]:
    """Let no call reach S3 in the block."""

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3.eu-west-1.amazonaws.com/secret-path")

    events = aws.s3().meta.events
    events.register("before-call.s3.PutObject", fail, unique_id="without-s3")
    yield
    events.unregister("before-call.s3.PutObject", unique_id="without-s3")


def id_of(caller: Api) -> str:
    return str(caller.get("/api/auth/me").json["data"]["user"]["id"])


def events_of(caller: Api) -> list[str]:
    return [entry["event"] for entry in caller.get("/api/auth/activity").json["data"]]


def key_of(reply: Reply) -> str:
    """Return the key of the file to which a response redirects."""
    return urlsplit(reply.headers["location"]).path.removeprefix(f"/{BUCKET}/")


def file_of(reply: Reply) -> Any:
    """Return the content of the file to which a response redirects."""
    with rights.outside():
        return json.loads(aws.s3().get_object(Bucket=BUCKET, Key=key_of(reply))["Body"].read())


@pytest.mark.usefixtures("resources")
def test_export_has_everything_that_the_account_owns_and_nothing_of_others(ada: Api, ben: Api) -> None:
    ada.signed_in("ada@example.com", PASSWORD)
    owned.fill(id_of(ada), 3, text='"Grüße" \\ 👋')
    owned.fill(id_of(ben), 2, text="secret")
    reply = ada.get(URL)
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    data = reply.json["data"]
    assert reply.json == {"success": True, "data": data}
    assert data["user"] == ada.get("/api/auth/me").json["data"]["user"]
    assert data["sessions"] == ada.get("/api/auth/sessions").json["data"]
    assert [session["current"] for session in data["sessions"]].count(True) == 1
    assert [entry["event"] for entry in data["activity"]] == ["login"]
    rows = [{"id": f"{id_of(ada)}-{number:06}", "text": '"Grüße" \\ 👋'} for number in range(3)]
    assert data["resources"] == {"notes": rows, "tasks": rows}


def test_account_that_owns_nothing_else_has_empty_lists(ada: Api) -> None:
    data = ada.get(URL).json["data"]
    assert data["activity"] == []
    # A list for each resource of the project, if it has any.
    assert not any(data["resources"].values())


def test_export_is_an_event_of_the_account(ada: Api, ben: Api) -> None:
    ada.get(URL)
    assert (events_of(ada), events_of(ben)) == (["data_exported"], [])
    assert [entry["event"] for entry in ada.get(URL).json["data"]["activity"]] == ["data_exported"]


def test_session_that_has_not_just_proved_the_password_gets_nothing(ada: Api) -> None:
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        reply = ada.get(URL)
        assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")
        assert events_of(ada) == []
        fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"password": PASSWORD}).json["token"])
        assert fresh.get(URL).status == 200


def test_account_that_was_closed_a_moment_ago_answers_401(ada: Api) -> None:
    write(Delete(table=USERS, key={"id": id_of(ada)}))
    assert_error(ada.get(URL), 401, "session_ended")


# Files ---------------------------------------------------------------------------------------------


def test_export_over_the_limit_is_a_file_with_the_same_json(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    inline = ada.get(URL).json
    monkeypatch.setattr(export, "_MAX_INLINE", 200)
    reply = ada.get(URL)
    assert (reply.status, reply.text) == (303, "")
    assert reply.headers["cache-control"] == "no-store"
    found = file_of(reply)
    # The first export is an event of the second one.
    assert [entry["event"] for entry in found["data"]["activity"]] == ["data_exported"]
    assert found == {**inline, "data": {**inline["data"], "activity": found["data"]["activity"]}}
    assert events_of(ada) == ["data_exported"] * 2


def test_link_is_for_one_file_of_the_user_for_a_minute(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_MAX_INLINE", 200)
    first, second = (ada.get(URL) for _ in range(2))
    query = {name: value for name, (value,) in parse_qs(urlsplit(first.headers["location"]).query).items()}
    assert query["X-Amz-Expires"] == "60"
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["response-cache-control"] == "no-store"
    assert query["response-content-disposition"] == 'attachment; filename="export.json"'
    assert first.headers["location"].startswith("https://s3.eu-west-1.amazonaws.com/")
    assert re.fullmatch(rf"{id_of(ada)}/[\w-]{{43}}\.json", key_of(first))
    assert key_of(first) != key_of(second)


@pytest.mark.usefixtures("resources")
def test_size_is_that_of_the_text_in_the_response_of_a_function(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    owned.fill(id_of(ada), 3, text='"Grüße" \\ 👋\n')
    # Otherwise each export would be larger than the one before.
    monkeypatch.setattr(activity, "recording", lambda *_: [])
    text = ada.get(URL).text
    size = len(json.dumps(text, ensure_ascii=False).encode()) - len('""')
    assert size > len(text.encode())
    monkeypatch.setattr(export, "_MAX_INLINE", size)
    assert ada.get(URL).text == text
    monkeypatch.setattr(export, "_MAX_INLINE", size - 1)
    assert file_of(ada.get(URL)) == json.loads(text)


# How often -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_real_limits")
def test_account_is_exported_once_an_hour(api: Api, ada: Api, ben: Api) -> None:
    now = clock.now()
    with time_machine.travel(now, tick=False) as at:
        assert ada.get(URL).status == 200
        at.shift(100)
        reply = ada.get(URL)
        assert_error(reply, 429, "too_many_requests")
        assert reply.headers["retry-after"] == str(clock.HOUR - 100)
        assert events_of(ada) == ["data_exported"]
        assert ben.get(URL).status == 200
    with time_machine.travel(now + clock.HOUR, tick=False):
        assert api.signed_in("ada@example.com", PASSWORD).get(URL).status == 200


@pytest.mark.usefixtures("_real_limits")
def test_stale_session_does_not_use_up_the_hour(ada: Api) -> None:
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        assert ada.get(URL).status == 403
        fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"password": PASSWORD}).json["token"])
        assert fresh.get(URL).status == 200


@pytest.mark.usefixtures("_real_limits")
def test_failed_export_does_not_use_up_the_hour(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_MAX_INLINE", 200)
    with time_machine.travel(clock.now(), tick=False) as at:
        with without_s3():
            assert_error(ada.get(URL), 503, "unavailable")
        assert events_of(ada) == []
        at.shift(10)
        reply = ada.get(URL)
        assert_error(reply, 429, "too_many_requests")
        assert reply.headers["retry-after"] == "50"
        at.shift(50)
        assert ada.get(URL).status == 303


def test_stored_data_is_consistent_after_an_export(ada: Api) -> None:
    ada.get(URL)
    stored.check()
