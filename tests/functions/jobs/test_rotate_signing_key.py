"""The rotation of the signing key: each step may be asked for again, and the power may fail between any two calls."""

import contextlib
import json

import jwt
import pytest
import time_machine

from shared.core import aws
from shared.records import keys
from shared.records.keys import RotationError
from tests.conftest import KEY_VERSION, PASSWORD
from tests.support import stored
from tests.support.api import Api, load
from tests.support.faults import PowerCut, Wire

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
FIRST = KEY_VERSION
SECOND = "00000000-0000-4000-8000-00000000000b"
THIRD = "00000000-0000-4000-8000-00000000000c"
START = 1_900_000_000
# How long a published key waits before it signs.
DELAY = 600


def do(step: str, version: str = SECOND) -> None:
    load("jobs/rotate_signing_key").handler({"Step": step, "ClientRequestToken": version, "SecretId": "arn"}, None)


def rotate(version: str) -> None:
    for step in STEPS:
        do(step, version)


def current() -> str:
    return str(
        aws.secretsmanager().get_secret_value(SecretId="SigningKeySecret", VersionStage="AWSCURRENT")["VersionId"]
    )


def ends() -> dict[str, int | None]:
    return {item["kid"]: item.get("expiresAt") for item in stored.items("PublicKeysTable")}


def signed_with() -> str:
    """Give the id of the key that signs where nothing is remembered."""
    keys.memory.forget()
    return keys.signing_key().kid


@pytest.mark.usefixtures("fake_aws")
def test_a_rotation_makes_the_next_key_current_and_gives_the_last_one_an_end() -> None:
    with time_machine.travel(START, tick=False):
        rotate(SECOND)
        assert current() == SECOND
        assert ends() == {FIRST: START + 600 + 300 + 3600 + 3600, SECOND: None}


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize("times", [2, 3])
def test_each_step_may_be_asked_for_again(times: int) -> None:
    with time_machine.travel(START, tick=False) as now:
        for step in STEPS:
            for _ in range(times):
                do(step)
                now.shift(1)
        for step in STEPS:
            do(step)
        assert current() == SECOND
        assert ends()[SECOND] is None
        assert len(ends()) == 2
        assert ends()[FIRST] < START + 3 * 3600  # type: ignore[operator]


@pytest.mark.usefixtures("fake_aws")
def test_the_key_signs_nothing_before_the_last_step() -> None:
    for step in STEPS[:-1]:
        do(step)
        assert current() == FIRST
    assert ends() == {FIRST: None, SECOND: None}


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_before_its_time_says_what_is_missing(step: str) -> None:
    with pytest.raises(RotationError, match="createSecret has not been done"):
        do(step)
    assert current() == FIRST


@pytest.mark.usefixtures("fake_aws")
def test_a_key_that_was_not_published_fails_the_test() -> None:
    do("createSecret")
    with pytest.raises(RotationError, match="setSecret has not been done"):
        do("testSecret")


def test_tokens_of_the_last_key_count_until_they_expire(ada: Api) -> None:
    with time_machine.travel(START, tick=False) as now:
        ada = ada.signed_in("ada@example.com", PASSWORD)
        rotate(SECOND)
        keys.memory.forget()
        now.shift(3599)
        assert ada.get("/api/auth/me").status == 200


def test_a_signer_that_remembers_the_last_key_for_five_minutes_signs_tokens_that_count(ada: Api) -> None:
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
def test_a_step_asked_for_late_undoes_no_later_rotation() -> None:
    rotate(SECOND)
    rotate(THIRD)
    with pytest.raises(RotationError, match="neither pending nor current"):
        do("finishSecret", FIRST)
    for step in STEPS:
        with contextlib.suppress(Exception):  # refused, however
            do(step, SECOND)
    assert current() == THIRD
    assert ends()[THIRD] is None


@pytest.mark.usefixtures("fake_aws")
def test_the_last_step_asked_for_late_does_not_end_the_next_key() -> None:
    rotate(SECOND)
    for step in STEPS[:-1]:
        do(step, THIRD)
    do("finishSecret", SECOND)
    assert ends()[THIRD] is None
    do("finishSecret", THIRD)
    assert current() == THIRD
    assert ends()[THIRD] is None
    assert ends()[SECOND] is not None


@pytest.mark.thorough
def test_the_power_may_fail_after_any_call(ada: Api, wire: Wire) -> None:
    with time_machine.travel(START, tick=False) as now:
        ada = ada.signed_in("ada@example.com", PASSWORD)
        wire.reset()
        rotate(SECOND)
        calls = len(wire.calls)
        for call in range(1, calls + 1):
            now.shift(DELAY)
            before = signed_with()
            version = f"00000000-0000-4000-8000-0000000001{call:02}"
            wire.reset()
            wire.cut_power_after(call)
            with pytest.raises(PowerCut):
                rotate(version)
            wire.reset()
            # Whatever happened, tokens are issued and verified as before ...
            assert signed_with() == before
            assert ada.signed_in("ada@example.com", PASSWORD).get("/api/auth/me").status == 200
            # ... and Secrets Manager asks for all of it again.
            rotate(version)
            assert current() == version
            assert [kid for kid, end in ends().items() if end is None] == [version]
            assert signed_with() == before
            now.shift(DELAY)
            assert signed_with() == version


@pytest.mark.usefixtures("fake_aws")
def test_a_rotation_that_was_given_up_leaves_a_key_that_the_next_one_ends() -> None:
    for step in STEPS[:-1]:
        do(step)
    rotate(THIRD)
    assert current() == THIRD
    assert [kid for kid, end in ends().items() if end is None] == [THIRD]


@pytest.mark.usefixtures("fake_aws")
def test_the_private_key_is_in_the_secret_alone() -> None:
    rotate(SECOND)
    secret = json.loads(
        aws.secretsmanager().get_secret_value(SecretId="SigningKeySecret", VersionStage="AWSCURRENT")["SecretString"]
    )
    assert secret["d"] not in stored.everything()
    assert all("d" not in item["jwk"] for item in stored.items("PublicKeysTable"))


def test_the_first_rotation_starts_from_a_value_that_is_no_key(api: Api) -> None:
    aws.secretsmanager().delete_secret(SecretId="SigningKeySecret", ForceDeleteWithoutRecovery=True)
    aws.secretsmanager().create_secret(Name="SigningKeySecret", SecretString="a random password")
    keys.memory.forget()
    assert api.post("/api/auth/login", {"email": "ada@example.com", "password": "x"}).status == 401
    with pytest.raises(Exception, match="busy"):
        keys.signing_key()
    rotate(SECOND)
    assert keys.signing_key().kid == SECOND


@pytest.mark.usefixtures("fake_aws")
def test_an_unknown_step_is_a_defect() -> None:
    with pytest.raises(KeyError):
        do("dropSecret")
