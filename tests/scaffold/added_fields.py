"""The fields of users that docs/add-field.md adds, through the API. `test_details.py` runs this in a copy with them."""

import logging
from typing import Any

import pytest

from shared.core import logs, tables
from shared.records import users
from tests.support import PASSWORD, stored
from tests.support.api import Api, Inbox
from tests.support.assertions import assert_error

NONE = {"company": None, "birthday": None, "plan": None}
COMPANY = "Engines Ltd"


def profile(caller: Api) -> dict[str, Any]:
    """Return the caller's profile."""
    user: dict[str, Any] = caller.get("/api/auth/me").json["data"]["user"]
    return user


def url(caller: Api) -> str:
    return f"/api/users/{profile(caller)['id']}"


def added(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the added fields of a profile, all of which it has to show."""
    return {name: shown[name] for name in NONE}


def register(api: Api, inbox: Inbox, **fields: Any) -> Api:
    """Register Ada, open the account, and return a client that is signed in."""
    form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD, **fields}
    reply = api.post("/api/auth/register", form)
    assert reply.status == 202, reply.text
    proofs = {"token": inbox.newest().token, "registration": reply.json["registration"]}
    return api.with_token(api.post("/api/auth/verify-email", proofs).json["token"])


# Creating ------------------------------------------------------------------------------------------


def test_field_given_at_registration_is_shown_wherever_the_profile_is(api: Api, inbox: Inbox, admin: Api) -> None:
    ada = register(api, inbox, company=f" {COMPANY} ", birthday="1815-12-10", plan="paid")
    # Those that a registration does not accept are ignored, as any unknown field is.
    expected = {**NONE, "company": COMPANY}
    assert added(profile(ada)) == expected
    assert added(ada.get(url(ada)).json["data"]) == expected
    assert added(admin.get("/api/users?email=ada@example.com").json["data"][0]) == expected
    assert added(admin.get("/api/users").json["data"][0]) == expected
    stored.check()


def test_registration_that_is_confirmed_with_the_code_keeps_the_field(api: Api, inbox: Inbox) -> None:
    form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD, "company": COMPANY}
    api.post("/api/auth/register", form)
    proofs = {"email": "ada@example.com", "code": inbox.newest().code, "password": PASSWORD}
    ada = api.with_token(api.post("/api/auth/verify-email", proofs).json["token"])
    assert added(profile(ada)) == {**NONE, "company": COMPANY}


@pytest.mark.parametrize("fields", [{}, {"company": None}])
def test_field_can_be_left_out_at_registration(api: Api, inbox: Inbox, fields: dict[str, Any]) -> None:
    assert added(profile(register(api, inbox, **fields))) == NONE


def test_invalid_field_is_reported_at_registration(api: Api) -> None:
    form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD, "company": "x" * 101}
    reply = api.post("/api/auth/register", form)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["errors"] == [{"field": "company", "message": "should have at most 100 characters"}]
    assert stored.items("RegistrationsTable") == []


def test_field_is_accepted_with_an_invitation_and_repeated_with_its_key(admin: Api) -> None:
    form = {"name": "Ben", "email": "ben@example.com", "company": COMPANY, "plan": "paid"}
    first = admin.post("/api/users", form, idempotency_key="1")
    assert added(first.json["data"]) == {**NONE, "company": COMPANY}
    assert admin.post("/api/users", form, idempotency_key="1").json == first.json
    reused = admin.post("/api/users", {**form, "company": "X"}, idempotency_key="1")
    assert_error(reused, 409, "idempotency_key_reused")


def test_user_from_before_the_field_was_declared_has_none(ada: Api) -> None:
    (user,) = users.with_email("ada@example.com")
    tables.write(tables.Update(table=users.USERS, key={"id": user.id}, remove=tuple(NONE)))
    assert not NONE.keys() & next(item for item in stored.items("UsersTable") if "name" in item).keys()
    assert added(profile(ada)) == NONE
    assert ada.patch(url(ada), {"company": COMPANY}).json["data"]["company"] == COMPANY
    assert added(profile(ada)) == {**NONE, "company": COMPANY}


# Changing ------------------------------------------------------------------------------------------


def test_patch_changes_what_is_sent_and_null_clears_it(ada: Api) -> None:
    for sent, expected in (
        ({"company": COMPANY}, {**NONE, "company": COMPANY}),
        ({"birthday": "1815-12-10"}, {**NONE, "company": COMPANY, "birthday": "1815-12-10"}),
        ({"name": "Augusta"}, {**NONE, "company": COMPANY, "birthday": "1815-12-10"}),
        ({"company": None}, {**NONE, "birthday": "1815-12-10"}),
        ({"birthday": None, "company": "Other"}, {**NONE, "company": "Other"}),
    ):
        reply = ada.patch(url(ada), sent)
        assert reply.status == 200
        assert added(reply.json["data"]) == expected
        assert profile(ada) == reply.json["data"]
    assert profile(ada)["name"] == "Augusta"
    stored.check()


def test_put_sets_what_the_caller_may_change_and_clears_what_is_left_out(ada: Api, admin: Api) -> None:
    target = url(ada)
    assert admin.patch(target, {"plan": "paid", "company": COMPANY}).status == 200
    reply = ada.put(target, {"name": "Ada", "birthday": "1815-12-10"})
    assert added(reply.json["data"]) == {"company": None, "birthday": "1815-12-10", "plan": "paid"}
    full = {"name": "Ada", "role": "user", "status": "active"}
    reply = admin.put(target, {**full, "company": COMPANY, "plan": "free"})
    assert added(reply.json["data"]) == {"company": COMPANY, "birthday": None, "plan": "free"}
    assert added(admin.put(target, full).json["data"]) == NONE


@pytest.mark.parametrize("value", ["paid", None])
def test_field_of_administrators_is_theirs_to_change(ada: Api, admin: Api, value: str | None) -> None:
    target = url(ada)
    for plan in ("free", value):
        assert_error(ada.patch(target, {"plan": plan, "company": COMPANY}), 403, "forbidden")
        assert_error(ada.put(target, {"name": "Ada", "plan": plan}), 403, "forbidden")
        assert added(profile(ada))["company"] is None
        assert admin.patch(target, {"plan": plan}).json["data"]["plan"] == plan
        assert profile(ada)["plan"] == plan


def test_users_cannot_change_each_others_fields(ada: Api, ben: Api) -> None:
    assert_error(ada.patch(url(ben), {"company": COMPANY}), 403, "forbidden")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("company", "", "must not be empty"),
        ("company", "x" * 101, "should have at most 100 characters"),
        ("company", 5, "should be a valid string"),
        ("birthday", "1815-02-30", "should be a valid date"),
        ("plan", "gold", "should be 'free' or 'paid'"),
    ],
)
@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_invalid_value_is_reported_by_field(admin: Api, verb: str, field: str, value: Any, message: str) -> None:
    reply = admin.call(verb, url(admin), {"name": "A", "role": "admin", "status": "active", field: value})
    assert_error(reply, 400, "validation_failed")
    assert reply.json["errors"] == [{"field": field, "message": message}]


# Versions and activity -----------------------------------------------------------------------------


def test_field_is_part_of_the_version(ada: Api) -> None:
    before, me = ada.get(url(ada)), ada.get("/api/auth/me")
    tag = before.headers["etag"]
    changed = ada.patch(url(ada), {"company": COMPANY}, if_match=tag)
    assert changed.headers["etag"] == ada.get(url(ada)).headers["etag"] != tag
    assert ada.get("/api/auth/me").headers["etag"] != me.headers["etag"]
    assert changed.json["data"]["updatedAt"] > before.json["data"]["updatedAt"]
    assert_error(ada.patch(url(ada), {"company": "Other"}, if_match=tag), 412, "stale")
    # Neither the same value nor none where there is none is a change.
    same = ada.patch(url(ada), {"company": COMPANY, "birthday": None})
    assert (same.headers["etag"], same.json) == (changed.headers["etag"], changed.json)


def test_change_is_in_activity_and_log_by_name_without_the_value(ada: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "api_routes"):
        ada.patch(url(ada), {"company": COMPANY, "birthday": "1815-12-10"})
    activity = ada.get("/api/auth/activity")
    assert activity.json["data"][0]["changes"] == [{"field": "company"}, {"field": "birthday"}]
    logged = "\n".join(logs._JsonFormatter().format(record) for record in caplog.records)
    assert '"changes": [{"field": "company"}, {"field": "birthday"}]' in logged
    for text in (activity.text, logged):
        assert COMPANY not in text
        assert "1815" not in text
