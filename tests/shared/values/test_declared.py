"""Fields that are declared in `Details`: where they are accepted, and which declarations are refused."""

from typing import Annotated, Any, Literal

import pytest

from shared.values import declared
from shared.values.types import AcceptedAt, Name, Rule, WholeNumber

COMPANY = Annotated[Name | None, AcceptedAt("registration", "profile"), Rule(description="The employer.")]
PLAN = Annotated[Literal["free", "paid"] | None, AcceptedAt("administration")]
FIELDS = {"company": COMPANY, "plan": PLAN, "points": WholeNumber | None}


@pytest.fixture(autouse=True)
def _fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declared, "_FIELDS", declared.verified(FIELDS))


@pytest.mark.parametrize(
    ("places", "fields"),
    [
        (["registration"], {"company": COMPANY}),
        (["invitation"], {}),
        (["administration"], {"plan": PLAN}),
        (["profile", "administration"], {"company": COMPANY, "plan": PLAN}),
        ([], {}),
    ],
)
def test_field_is_accepted_where_it_says(places: list[Any], fields: dict[str, Any]) -> None:
    assert declared.fields_at(*places) == fields


def test_details_have_every_field_and_nothing_else() -> None:
    assert dict(declared.details({})) == {"company": None, "plan": None, "points": None}
    assert dict(declared.details({"points": 0, "name": "Ada"})) == {"company": None, "plan": None, "points": 0}


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("role", str | None, "Details.role: users have another attribute of this name"),
        ("shard", str | None, "Details.shard: users have another"),
        ("job_title", str | None, "Details.job_title: use the name that callers see, in camelCase"),
        ("company", Name, r"Details.company: use a type that ends with `\| None`"),
        ("age", int | None, "Details.age: use a type with limits, such as Line, WholeNumber or Real"),
        ("age", Annotated[float | None, Rule(example=1)], "Details.age: use a type with limits"),
        ("about", Annotated[str | None, AcceptedAt("profile")], "Details.about: use a type with limits"),
        ("plan", Annotated[str, AcceptedAt("profile")], r"Details.plan: use a type that ends with `\| None`"),
    ],
)
def test_field_that_cannot_work_is_refused(name: str, kind: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        declared.verified({name: kind})


def test_rule_of_the_field_limits_it_too() -> None:
    declared.verified({"age": Annotated[int | None, Rule(ge=0, le=150), AcceptedAt("profile")]})


def test_unknown_place_is_refused() -> None:
    with pytest.raises(TypeError, match="There is no place sign-up; places are registration, invitation, profile, adm"):
        AcceptedAt("sign-up")  # type: ignore[arg-type]  # that is the mistake
