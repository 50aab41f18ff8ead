"""Rotation of the signing key: each step can be repeated, and survives a power cut between any two AWS calls."""

import contextlib
import json
from types import SimpleNamespace

import jwt
import pytest
import time_machine
from botocore.exceptions import ClientError

from shared.core import aws
from shared.records import keys, secret_versions
from shared.records.secret_versions import RotationError
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, load
from tests.support.aws import KEY_VERSION
from tests.support.faults import PowerCut, Wire

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
FIRST = KEY_VERSION
SECOND = "00000000-0000-4000-8000-00000000000b"
THIRD = "00000000-0000-4000-8000-00000000000c"
START = 1_900_000_000
# A published key signs only after this many seconds.
DELAY = 600


def run(step: str, version: str = SECOND) -> None:
    load("jobs/rotate_signing_key").handler({"Step": step, "ClientRequestToken": version, "SecretId": "arn"}, None)


def rotate(version: str) -> None:
    for step in STEPS:
        run(step, version)


def current() -> str:
    return str(
        aws.secretsmanager().get_secret_value(SecretId="SigningKeySecret", VersionStage="AWSCURRENT")["VersionId"]
    )


def expirations() -> dict[str, int | None]:
    return {item["kid"]: item.get("expiresAt") for item in stored.items("PublicKeysTable")}


def signed_with() -> str:
    """Return the id of the key that signs after a cold start."""
    keys.memory.forget()
    return keys.signing_key().kid


@pytest.mark.usefixtures("fake_aws")
def test_rotation_makes_the_new_key_current_and_the_old_one_expire() -> None:
    with time_machine.travel(START, tick=False):
        rotate(SECOND)
        assert current() == SECOND
        assert expirations() == {FIRST: START + 600 + 300 + 3600 + 3600, SECOND: None}


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize("times", [2, 3])
def test_each_step_can_be_repeated(times: int) -> None:
    with time_machine.travel(START, tick=False) as now:
        for step in STEPS:
            for _ in range(times):
                run(step)
                now.shift(1)
        for step in STEPS:
            run(step)
        assert current() == SECOND
        assert expirations()[SECOND] is None
        assert len(expirations()) == 2
        assert expirations()[FIRST] < START + 3 * 3600  # type: ignore[operator]


@pytest.mark.usefixtures("fake_aws")
def test_new_key_is_not_current_before_the_last_step() -> None:
    for step in STEPS[:-1]:
        run(step)
        assert current() == FIRST
    assert expirations() == {FIRST: None, SECOND: None}


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize("step", STEPS[1:])
def test_step_out_of_order_names_the_missing_step(step: str) -> None:
    with pytest.raises(RotationError, match="createSecret has not been done"):
        run(step)
    assert current() == FIRST


@pytest.mark.usefixtures("fake_aws")
def test_test_step_fails_for_an_unpublished_key() -> None:
    run("createSecret")
    with pytest.raises(RotationError, match="setSecret has not been done"):
        run("testSecret")


def test_tokens_of_the_old_key_are_valid_until_they_expire(ada: Api) -> None:
    with time_machine.travel(START, tick=False) as now:
        ada = ada.signed_in("ada@example.com", PASSWORD)
        rotate(SECOND)
        keys.memory.forget()
        now.shift(3599)
        assert ada.get("/api/auth/me").status == 200


def test_tokens_signed_with_a_cached_old_key_are_valid(ada: Api) -> None:
    with time_machine.travel(START, tick=False) as now:
        ada.signed_in("ada@example.com", PASSWORD)
        rotate(SECOND)
        now.shift(599)
        assert signed_with() == FIRST
        now.shift(299)
        late = ada.signed_in("ada@example.com", PASSWORD)
        assert jwt.get_unverified_header(late.token)["kid"] == FIRST
        now.shift(3599)
        keys.memory.forget()
        assert late.get("/api/auth/me").status == 200
        assert signed_with() == SECOND


@pytest.mark.usefixtures("fake_aws")
def test_late_step_does_not_undo_a_later_rotation() -> None:
    rotate(SECOND)
    rotate(THIRD)
    with pytest.raises(RotationError, match="no longer pending or current"):
        run("finishSecret", FIRST)
    for step in STEPS:
        with contextlib.suppress(Exception):  # any error is fine
            run(step, SECOND)
    assert current() == THIRD
    assert expirations()[THIRD] is None


@pytest.mark.usefixtures("fake_aws")
def test_late_last_step_does_not_expire_the_next_key() -> None:
    rotate(SECOND)
    for step in STEPS[:-1]:
        run(step, THIRD)
    run("finishSecret", SECOND)
    assert expirations()[THIRD] is None
    run("finishSecret", THIRD)
    assert current() == THIRD
    assert expirations()[THIRD] is None
    assert expirations()[SECOND] is not None


@pytest.mark.thorough
def test_rotation_survives_a_power_cut_after_any_call(ada: Api, wire: Wire) -> None:
    with time_machine.travel(START, tick=False) as now:
        ada = ada.signed_in("ada@example.com", PASSWORD)
        wire.reset()
        rotate(SECOND)
        calls = len(wire.calls)
        for call in range(1, calls + 1):
            now.shift(DELAY)
            old_kid = signed_with()
            version = f"00000000-0000-4000-8000-0000000001{call:02}"
            wire.reset()
            wire.cut_power_after(call)
            with pytest.raises(PowerCut):
                rotate(version)
            wire.reset()
            # Tokens are still issued and verified as before ...
            assert signed_with() == old_kid
            assert ada.signed_in("ada@example.com", PASSWORD).get("/api/auth/me").status == 200
            # ... and Secrets Manager repeats all steps.
            rotate(version)
            assert current() == version
            assert [kid for kid, expires_at in expirations().items() if expires_at is None] == [version]
            assert signed_with() == old_kid
            now.shift(DELAY)
            assert signed_with() == version


@pytest.mark.usefixtures("fake_aws")
def test_key_of_an_abandoned_rotation_expires_with_the_next_one() -> None:
    for step in STEPS[:-1]:
        run(step)
    rotate(THIRD)
    assert current() == THIRD
    assert [kid for kid, expires_at in expirations().items() if expires_at is None] == [THIRD]


@pytest.mark.usefixtures("fake_aws")
def test_private_key_is_stored_only_in_the_secret() -> None:
    rotate(SECOND)
    secret = json.loads(
        aws.secretsmanager().get_secret_value(SecretId="SigningKeySecret", VersionStage="AWSCURRENT")["SecretString"]
    )
    assert secret["d"] not in stored.everything()
    assert all("d" not in item["jwk"] for item in stored.items("PublicKeysTable"))


def test_first_rotation_replaces_a_value_that_is_not_a_key(api: Api) -> None:
    aws.secretsmanager().delete_secret(SecretId="SigningKeySecret", ForceDeleteWithoutRecovery=True)
    aws.secretsmanager().create_secret(Name="SigningKeySecret", SecretString="a random password")
    keys.memory.forget()
    assert api.post("/api/auth/login", {"email": "ada@example.com", "password": "x"}).status == 401
    with pytest.raises(Exception, match="busy"):
        keys.signing_key()
    rotate(SECOND)
    assert keys.signing_key().kid == SECOND


@pytest.mark.usefixtures("ada")
def test_sign_in_says_when_to_try_again_until_the_first_rotation_is_done() -> None:
    aws.secretsmanager().delete_secret(SecretId="SigningKeySecret", ForceDeleteWithoutRecovery=True)
    aws.secretsmanager().create_secret(Name="SigningKeySecret", SecretString="a random password")
    keys.memory.forget()
    login = {"email": "ada@example.com", "password": PASSWORD}
    refused = Api().post("/api/auth/login", login)
    assert (refused.status, refused.json["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    rotate(SECOND)
    assert Api().post("/api/auth/login", login).status == 200


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which take no time here."""
    made: list[float] = []
    monkeypatch.setattr(secret_versions, "time", SimpleNamespace(sleep=made.append, monotonic=lambda: sum(made)))
    return made


@pytest.mark.parametrize("denied", ["GetSecretValue", "PutSecretValue"])
def test_rotation_waits_until_iam_knows_what_its_role_may_do(wire: Wire, pauses: list[float], denied: str) -> None:
    wire.fail(faults.error("AccessDeniedException"), on=denied, times=3)
    rotate(SECOND)
    assert current() == SECOND
    assert len(pauses) == 3


def test_rotation_that_stays_denied_fails_before_its_timeout(wire: Wire, pauses: list[float]) -> None:
    wire.fail(faults.error("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDenied"):
        run("createSecret")
    assert 30 < sum(pauses) < 60


def test_rotation_does_not_wait_for_what_no_time_will_cure(wire: Wire, pauses: list[float]) -> None:
    wire.fail(faults.error("InvalidRequestException"), on="PutSecretValue", times=1)
    with pytest.raises(ClientError, match="InvalidRequest"):
        run("createSecret")
    assert pauses == []


@pytest.mark.usefixtures("fake_aws")
def test_unknown_step_raises() -> None:
    with pytest.raises(KeyError):
        run("dropSecret")
