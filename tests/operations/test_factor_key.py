"""`make factor-key` adds a key and keeps the earlier ones; `make admin` lets an administrator in without factors."""

import json

import pytest

from operations import factor_key
from operations.stack import OperationError, Stack
from shared.accounts import lifecycle
from shared.core import aws
from tests.support import PASSWORD, ROOT
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox
from tests.support.factors import enroll

SECRET = "FactorKeySecret"
STACK = Stack("default", "stack", {}, ROOT)

pytestmark = pytest.mark.usefixtures("fake_aws")


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack's resources have the names of the template."""
    monkeypatch.setattr(Stack, "physical_name", lambda _, resource: resource)


def keys(secret: str = SECRET) -> list[str]:
    """Return the keys of a secret, the current one first."""
    stored = json.loads(aws.secretsmanager().get_secret_value(SecretId=secret)["SecretString"])
    return [stored["current"], *stored["earlier"]]


def test_new_key_becomes_current_and_the_earlier_ones_stay(capsys: pytest.CaptureFixture[str]) -> None:
    (first,) = keys()
    factor_key.main(STACK)
    factor_key.main(STACK)
    third, second, last = keys()
    assert last == first
    assert {len(key) for key in (second, third)} == {64}
    assert "The secret has 3 keys" in capsys.readouterr().out


def test_keys_of_another_stack_are_added_as_earlier_ones_once() -> None:
    (own,) = keys()
    other = {"current": "b" * 64, "earlier": [own, "a" * 64]}
    aws.secretsmanager().create_secret(Name="old", SecretString=json.dumps(other))
    for _ in range(2):
        factor_key.main(STACK, "old")
        assert keys() == [own, "b" * 64, "a" * 64]


def test_missing_secret_is_named() -> None:
    with pytest.raises(OperationError, match="cannot be read or written"):
        factor_key.main(STACK, "missing")


def test_operator_lets_an_administrator_in_who_has_lost_all_factors(admin: Api, api: Api, inbox: Inbox) -> None:
    enroll(admin)
    lifecycle.ensure_admin(ADMIN_EMAIL, PASSWORD)
    assert api.signed_in(ADMIN_EMAIL, PASSWORD).get("/api/auth/factors").json["data"] == []
    assert "Your second factors at Lambda API Routes were removed" in [email.subject for email in inbox.all()]
    before = len(inbox.all())
    lifecycle.ensure_admin(ADMIN_EMAIL, PASSWORD)
    assert len(inbox.all()) == before
