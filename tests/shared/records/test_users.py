"""Profiles: every field is stored, shown, and noticed when it changes."""

from typing import Any, cast

import pytest

from shared.accounts import lifecycle
from shared.records import sessions, users
from shared.records.users import User
from shared.shapes.users import PublicUser
from shared.values import declared
from shared.values.client import Client
from shared.values.details import Details
from shared.values.types import Name
from shared.values.versions import Versions
from tests.support.api import Api

# Those that each change increases or sets by itself.
AUTOMATIC = {"version", "updated_at"}
ANY_VERSION = Versions(None)


@pytest.fixture
def _company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare a field, as if `Details` had it."""
    monkeypatch.setattr(declared, "_FIELDS", {"company": Name | None})


def distinct() -> User:
    """Return a profile whose fields all have different values, none of which is a default."""
    values = {name: f"value of {name}" for name in User._fields}
    return User(**cast("Any", values | {"version": 7, "email_verified": True, "details": details("of company")}))


def details(company: str | None) -> Details:
    return declared.details({"company": company})


@pytest.mark.usefixtures("_company")
def test_every_field_is_stored() -> None:
    assert User.from_item(distinct().item()) == distinct()


@pytest.mark.usefixtures("_company")
@pytest.mark.parametrize("field", [*sorted(set(User._fields) - AUTOMATIC - {"details"}), "company"])
def test_every_field_that_changes_is_a_difference(field: str) -> None:
    before = distinct()
    after = users.updated(before, **{field: "another value"})
    name, *others = field.split("_")
    named = {change["field"] for change in users.differences(before, after)}
    # The position in the listing consists of two fields.
    assert named - {"position"} == {name + "".join(map(str.capitalize, others))}


@pytest.mark.usefixtures("_company")
def test_only_role_and_status_are_reported_with_their_values() -> None:
    before = distinct()
    after = users.updated(before, name="Grace", role="admin", company="Engines Ltd")
    assert users.differences(before, after) == [
        {"field": "name"},
        {"field": "role", "from": "value of role", "to": "admin"},
        {"field": "company"},
    ]


def test_unchanged_profile_has_no_differences() -> None:
    assert users.differences(distinct(), users.updated(distinct(), name=distinct().name)) == []


def test_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="nickname"):
        users.updated(distinct(), nickname="A")


def test_taken_names_are_those_of_a_stored_profile() -> None:
    new = users.new(name="Ada", email="ada@example.com", role="user")
    assert new.item().keys() - Details.__annotations__.keys() == declared.TAKEN
    assert new.public().keys() == PublicUser.__annotations__.keys()


@pytest.mark.usefixtures("_company")
def test_declared_field_is_changed_by_its_name_without_a_write_to_the_sessions(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sessions, "updating_all")
    (user,) = users.with_email("ada@example.com")
    changed = lifecycle.change(user.id, {"company": "Engines Ltd"}, versions=ANY_VERSION, client=Client())
    assert changed.details == details("Engines Ltd")
    assert users.get(user.id) == changed
    assert (changed.version, changed.updated_at >= user.updated_at) == (user.version + 1, True)
    cleared = lifecycle.change(user.id, {"company": None}, versions=ANY_VERSION, client=Client())
    assert users.get(user.id) == cleared
    assert cleared.details == details(None)
    assert ada.get("/api/auth/activity").json["data"][0]["changes"] == [{"field": "company"}]
