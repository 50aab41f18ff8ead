"""Concurrent sign-ins with a provider, against MiniStack, whose transactions are isolated like DynamoDB's."""

from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from tests.support import openid, stored
from tests.support.api import Api, Inbox, Reply, routes
from tests.support.openid import Provider
from tests.support.providers import (
    CALLBACK,
    IDENTITIES,
    app_signs_in,
    begin,
    begin_link,
    come_back,
    configure_acme,
    landed,
    link,
    redeem,
    sign_in,
)
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

ADA = "ada@example.com"
SENTENCE = "a rather long sentence"


@pytest.fixture
def fake_aws(ministack: None, services_on_loopback: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto, with real pauses between retries."""
    routes()  # imported before the race, not during it


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """A provider on this machine."""
    with openid.running() as provider:
        yield provider


@pytest.fixture
def acme(running: Provider, fake_aws: None) -> Provider:  # noqa: ARG001  # stores the settings
    """An honest provider, which is configured and says that the user is Ada."""
    configure_acme(running)
    return running


def codes(replies: Sequence[Reply]) -> list[str]:
    """Return the sorted codes of the replies: "" for a success."""
    return sorted("" if reply.status < 400 else reply.json["code"] for reply in replies)


def test_one_state_is_exchanged_once(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = openid.query(**acme.authorize(away))
    back = [landed(reply) for reply in at_once(*[partial(browser.get, f"{CALLBACK}{answer}")] * 6)]
    assert len([each for each in back if "code" in each]) == 1
    assert acme.paths().count("/token") == 1
    assert {each.get("error", "invalid_flow") for each in back} == {"invalid_flow"}


def test_one_code_starts_one_session(api: Api, acme: Provider) -> None:
    code = come_back(api, acme)["code"]
    replies = at_once(*[partial(redeem, api, code)] * 6)
    assert codes(replies).count("") == 1
    assert set(codes(replies)) <= {"", "invalid_link", "unavailable"}
    assert len(stored.sessions()) == 1


def test_one_nonce_starts_one_session(api: Api, acme: Provider) -> None:
    sign_in(api, acme)
    nonce = api.get("/api/auth/oauth/acme/id-token").json["nonce"]
    body = {"idToken": acme.id_token(nonce), "nonce": nonce}
    replies = at_once(*[partial(api.post, "/api/auth/oauth/acme/id-token", body)] * 6)
    assert codes(replies).count("") == 1
    assert len(stored.sessions()) == 2


def test_one_user_who_comes_twice_at_once_gets_one_account(api: Api, acme: Provider) -> None:
    replies = at_once(*[partial(sign_in, api, acme)] * 4)
    assert codes(replies) == [""] * 4
    assert len(stored.items("UsersTable")) == len(stored.items("IdentitiesTable")) == 1


def test_address_that_is_confirmed_at_the_same_time_has_one_account(api: Api, acme: Provider, inbox: Inbox) -> None:
    """The second one gets an error; the identity is not linked by chance."""
    body = {"name": "Ada", "email": ADA, "password": SENTENCE}
    secret = api.post("/api/auth/register", body).json["registration"]
    email = inbox.newest()
    proof = {"token": email.token, "registration": secret}
    came, confirmed = at_once(partial(come_back, api, acme), partial(api.post, "/api/auth/verify-email", proof))
    assert ("code" in came) != (confirmed.status == 200)
    assert "code" in came or came == {"error": "link_required"}
    assert len(stored.credentials()) == 1
    assert len(stored.items("IdentitiesTable")) == ("code" in came)


def test_one_identity_that_two_accounts_link_at_once_belongs_to_one(ada: Api, ben: Api, acme: Provider) -> None:
    acme.claims |= {"sub": "shared", "email": "shared@example.com"}
    given = [begin_link(ada, acme), begin_link(ben, acme)]
    replies = at_once(*(partial(redeem, who, code) for who, code in zip((ada, ben), given, strict=True)))
    assert codes(replies) == ["", "identity_taken"]
    [identity] = stored.items("IdentitiesTable")
    linked = [each for each in stored.credentials() if each["identities"]]
    assert [(each["userId"], list(each["identities"])) for each in linked] == [
        (identity["userId"], [identity["identity"]])
    ]


def test_one_of_the_last_two_identities_stays(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    acme.claims["sub"] = "ada-2"
    owner = owner.with_token(link(owner, acme).json["token"])
    ids = [each["id"] for each in owner.get(IDENTITIES).json["data"]]
    replies = at_once(*(partial(owner.delete, f"{IDENTITIES}/{each}") for each in ids))
    assert codes(replies) == ["", "last_way_in"]
    [identity] = stored.items("IdentitiesTable")
    [credential] = stored.credentials()
    assert list(credential["identities"]) == [identity["identity"]]


def test_identity_is_unlinked_while_it_signs_in(api: Api, acme: Provider, ben: Api) -> None:
    """Either comes first; afterwards it does not open this account."""
    ben = ben.with_token(link(ben, acme).json["token"])
    [identity] = ben.get(IDENTITIES).json["data"]
    code = come_back(api, acme)["code"]
    removed, redeemed = at_once(partial(ben.delete, f"{IDENTITIES}/{identity['id']}"), partial(redeem, api, code))
    assert removed.status in {204, 503}
    assert redeemed.status in {200, 400, 503}
    if removed.status == 204:
        assert stored.items("IdentitiesTable") == []
        assert app_signs_in(api, acme).json["user"]["email"] == ADA


def test_account_is_closed_while_its_identity_signs_in(api: Api, acme: Provider) -> None:
    first = sign_in(api, acme).json
    owner = api.with_token(first["token"])
    code = come_back(api, acme)["code"]
    closed, redeemed = at_once(partial(owner.delete, f"/api/users/{first['user']['id']}"), partial(redeem, api, code))
    assert closed.status in {204, 503}
    if closed.status == 204:
        assert stored.sessions() == stored.items("IdentitiesTable") == stored.credentials() == []
    assert redeemed.status in {200, 400, 503}
