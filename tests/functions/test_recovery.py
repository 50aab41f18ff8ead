"""Forgotten and replaced passwords, and moving to another address."""

import pytest
import time_machine

from shared.core import clock, tables
from shared.records import keys, one_time_tokens, sessions, users
from shared.values.client import Client
from tests.conftest import PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox
from tests.support.faults import Wire

NEW = "a rather different sentence"
ADA = "ada@example.com"


def sign_in(api: Api, email: str = ADA, password: str = PASSWORD) -> int:
    return api.post("/api/auth/login", {"email": email, "password": password}).status


def test_a_forgotten_password_is_replaced_and_every_session_ends(ada: Api, api: Api, inbox: Inbox) -> None:
    assert api.post("/api/auth/forgot-password", {"email": ADA}).status == 202
    token = inbox.newest().token
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 204
    assert ada.get("/api/auth/me").status == 401
    assert sign_in(api, password=PASSWORD) == 401
    assert sign_in(api, password=NEW) == 200
    again = api.post("/api/auth/reset-password", {"token": token, "password": PASSWORD})
    assert (again.status, again.json["code"]) == (400, "invalid_link")
    assert any("was changed" in mail.subject for mail in inbox.all())


def test_an_unknown_address_gets_the_same_answer_and_no_mail(api: Api, inbox: Inbox) -> None:
    assert api.post("/api/auth/forgot-password", {"email": "nobody@example.com"}).status == 202
    assert inbox.all() == []


@pytest.mark.usefixtures("ada")
def test_a_refused_password_leaves_the_link_good(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    assert api.post("/api/auth/reset-password", {"token": token, "password": "short"}).status == 400
    assert api.post("/api/auth/reset-password", {"token": token, "password": "password123"}).status == 400
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 204


@pytest.mark.usefixtures("ada")
def test_a_reset_link_is_good_for_an_hour_and_the_first_dies_with_the_second(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    first = inbox.newest().token
    api.post("/api/auth/forgot-password", {"email": ADA})
    second = inbox.newest().token
    assert api.post("/api/auth/reset-password", {"token": first, "password": NEW}).status == 400
    with time_machine.travel(clock.now() + clock.HOUR + 1):
        assert api.post("/api/auth/reset-password", {"token": second, "password": NEW}).status == 400


@pytest.mark.usefixtures("ada")
def test_links_for_one_purpose_are_refused_for_another(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 400


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_a_scanner_that_opens_every_link_burns_nothing(api: Api, inbox: Inbox, verb: str) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    reset = inbox.newest().token
    api.post("/api/auth/register", {"name": "Cyd", "email": "cyd@example.com", "password": PASSWORD})
    confirm = inbox.newest().token
    for path, token in (("reset-password", reset), ("verify-email", confirm)):
        reply = api.call(verb, f"/api/auth/{path}?token={token}")
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert api.post("/api/auth/reset-password", {"token": reset, "password": NEW}).status == 204
    assert api.post("/api/auth/verify-email", {"token": confirm}).status == 200


@pytest.mark.usefixtures("ada")
def test_a_reset_token_signs_nobody_in(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    assert api.with_token(token).get("/api/auth/me").status == 401
    assert api.post("/api/auth/refresh", {"refreshToken": token}).status == 401
    assert sign_in(api, password=token) == 401
    reply = api.post("/api/auth/reset-password", {"token": token, "password": NEW})
    assert (reply.status, reply.text) == (204, "")


def test_a_reset_proves_an_address_that_was_not_confirmed(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 204
    assert sign_in(api, password=NEW) == 200
    stored.check()


@pytest.mark.usefixtures("ada")
def test_a_reset_works_while_locked_and_unlocks(api: Api, inbox: Inbox) -> None:
    for _ in range(6):
        assert sign_in(api, password="wrong wrong wrong") == 401
    assert sign_in(api) == 401
    api.post("/api/auth/forgot-password", {"email": ADA})
    api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW})
    assert sign_in(api, password=NEW) == 200


@pytest.mark.usefixtures("ada")
def test_a_lock_looks_like_a_wrong_password_and_ends(api: Api) -> None:
    for _ in range(5):
        sign_in(api, password="wrong wrong wrong")
    locked = api.post("/api/auth/login", {"email": ADA, "password": PASSWORD})
    assert (locked.status, locked.json["message"]) == (401, "Invalid credentials")
    with time_machine.travel(clock.now() + 31):
        assert sign_in(api) == 200


def test_an_invited_user_chooses_a_password(admin: Api, api: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    reply = api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW})
    assert reply.status == 204
    assert sign_in(api, "grace@example.com", NEW) == 200


def test_changing_the_password_ends_the_other_sessions(ada: Api, api: Api) -> None:
    other = api.signed_in(ADA, PASSWORD)
    wrong = ada.post("/api/auth/change-password", {"currentPassword": "x", "newPassword": NEW})
    assert (wrong.status, wrong.json["code"]) == (401, "invalid_credentials")
    changed = ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert changed.status == 204
    assert ada.get("/api/auth/me").status == 200
    assert other.get("/api/auth/me").status == 401
    assert sign_in(api, password=NEW) == 200


def test_what_was_read_before_hashing_is_not_read_again(ada: Api, api: Api, inbox: Inbox, wire: Wire) -> None:
    def reads(name: str, body: dict[str, str]) -> list[str]:
        keys.public_key("")  # read once and then remembered
        wire.reset()
        assert ada.post(f"/api/auth/{name}", body).status in {202, 204}
        return [call for call in wire.calls if call in {"GetItem", "Query"}]

    asking = {"newEmail": "countess@example.com", "password": PASSWORD}
    assert reads("change-email", asking) == ["GetItem"] * 3
    changing = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert reads("change-password", changing) == ["GetItem", "GetItem", "GetItem", "Query"]
    api.post("/api/auth/forgot-password", {"email": ADA})
    resetting = {"token": inbox.newest().token, "password": PASSWORD}
    assert reads("reset-password", resetting) == ["GetItem", "GetItem", "GetItem", "Query"]


def test_an_address_changes_when_the_new_one_is_proved_and_can_be_taken_back(ada: Api, api: Api, inbox: Inbox) -> None:
    asked = ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert asked.status == 202
    confirmation = inbox.newest()
    assert confirmation.to == "countess@example.com"
    assert sign_in(api) == 200

    assert api.post("/api/auth/verify-email", {"token": confirmation.token}).status == 200
    notice = inbox.newest()
    assert notice.to == ADA
    assert sign_in(api) == 401
    assert sign_in(api, "countess@example.com") == 200
    assert ada.get("/api/auth/me").json["data"]["user"]["email"] == "countess@example.com"
    # Nobody else can have the old address meanwhile.
    api.post("/api/auth/register", {"name": "Eve", "email": ADA, "password": NEW})
    assert all(mail.to != ADA for mail in inbox.all()[-1:]) or inbox.newest() == notice

    with time_machine.travel(clock.now() + 71 * clock.HOUR):
        assert api.post("/api/auth/verify-email", {"token": notice.token}).status == 200
        assert ada.get("/api/auth/me").status == 401
        recovery = inbox.newest()
        assert recovery.to == ADA
        assert sign_in(api, "countess@example.com") == 401
        assert api.post("/api/auth/reset-password", {"token": recovery.token, "password": NEW}).status == 204
        assert sign_in(api, password=NEW) == 200
        again = api.post("/api/auth/verify-email", {"token": notice.token})
        assert again.status == 400


def test_a_reset_link_dies_with_the_address_it_was_mailed_to(ada: Api, api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 400
    assert sign_in(api, ADA, NEW) == 401
    assert sign_in(api, "countess@example.com") == 200


def test_a_reset_link_dies_with_the_password_it_was_to_replace(ada: Api, api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert api.post("/api/auth/reset-password", {"token": token, "password": "another sentence yet"}).status == 400
    assert sign_in(api, password=NEW) == 200


def test_an_old_address_is_free_after_72_hours(ada: Api, api: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    api.post("/api/auth/verify-email", {"token": inbox.newest().token})
    with time_machine.travel(clock.now() + 72 * clock.HOUR + 1):
        api.post("/api/auth/register", {"name": "Eve", "email": ADA, "password": NEW})
        assert inbox.newest().to == ADA
        assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200


@pytest.mark.usefixtures("ada")
def test_the_owner_of_a_taken_address_is_told_and_nobody_else(admin: Api, inbox: Inbox) -> None:
    reply = admin.post("/api/auth/change-email", {"newEmail": ADA, "password": PASSWORD})
    assert reply.status == 202
    assert "already" in inbox.newest().subject


def test_closing_an_account_frees_the_kept_address_too(ada: Api, api: Api, inbox: Inbox) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    api.post("/api/auth/verify-email", {"token": inbox.newest().token})
    inbox.deliver()
    assert ada.delete(f"/api/users/{user_id}").status == 204
    for address in (ADA, "countess@example.com"):
        api.post("/api/auth/register", {"name": "Eve", "email": address, "password": NEW})
        assert "Confirm" in inbox.newest().subject
        assert inbox.newest().to == address


def test_closing_an_account_before_its_notice_is_sent_frees_the_kept_addresses_too(
    ada: Api, api: Api, inbox: Inbox
) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    for address in ("countess@example.com", "lovelace@example.com"):
        ada.post("/api/auth/change-email", {"newEmail": address, "password": PASSWORD})
        (waiting,) = [mail for mail in inbox.all() if mail.to == address and "token=" in mail.text]
        assert api.post("/api/auth/verify-email", {"token": waiting.token}).status == 200
    assert ada.delete(f"/api/users/{user_id}").status == 204
    assert stored.credentials() == []
    inbox.deliver()
    stored.check()


@pytest.fixture
def crowded(ada: Api, inbox: Inbox) -> str:
    """The token by which Ada undoes what a thief did, who signed in and moved more often than there is room for."""
    ada.post("/api/auth/change-email", {"newEmail": "thief@example.com", "password": PASSWORD})
    Api().post("/api/auth/verify-email", {"token": inbox.to("thief@example.com")[-1].token})
    token = inbox.to(ADA)[-1].token
    (user,) = users.with_email("thief@example.com")
    credential = users.credential_of(user)
    for number in range(30):
        one_time_tokens.issue(credential, "undo-email-change", target=f"thief{number}@example.com")
    tables.write(*(sessions.starting(sessions.new(user, Client())) for _ in range(90)))
    return token


def test_no_number_of_sessions_and_changes_keeps_the_owner_from_undoing(crowded: str, api: Api, inbox: Inbox) -> None:
    assert api.post("/api/auth/verify-email", {"token": crowded}).status == 200
    assert inbox.newest().to == ADA
    assert stored.sessions() == []
    assert [token["purpose"] for token in stored.items("OneTimeTokensTable")] == ["reset-password"]
    stored.check()


@pytest.mark.usefixtures("crowded")
def test_no_number_of_sessions_and_changes_keeps_an_account_from_being_closed(ada: Api) -> None:
    me = ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert ada.delete(f"/api/users/{me}").status == 204
    for table in ("UsersTable", "CredentialsTable", "SessionsTable", "OneTimeTokensTable"):
        assert stored.items(table) == []


def test_who_takes_an_account_over_cannot_undo_the_undoing(ada: Api, api: Api, inbox: Inbox) -> None:
    """A thief moves the account from Ada's address to theirs, and on to another, so as to hold a link of their own."""
    for address in ("thief@example.com", "thief2@example.com"):
        ada.post("/api/auth/change-email", {"newEmail": address, "password": PASSWORD})
        api.post("/api/auth/verify-email", {"token": inbox.to(address)[-1].token})
    thiefs = inbox.to("thief@example.com")[-1].token
    adas = inbox.to(ADA)[-1].token
    assert api.post("/api/auth/verify-email", {"token": thiefs}).status == 200
    assert api.post("/api/auth/verify-email", {"token": adas}).status == 200
    assert inbox.newest().to == ADA
    assert api.post("/api/auth/verify-email", {"token": thiefs}).status == 400


def test_an_undone_change_takes_later_links_with_it(ada: Api, api: Api, inbox: Inbox) -> None:
    for address in ("thief@example.com", "thief2@example.com"):
        ada.post("/api/auth/change-email", {"newEmail": address, "password": PASSWORD})
        api.post("/api/auth/verify-email", {"token": inbox.to(address)[-1].token})
    thiefs = inbox.to("thief@example.com")[-1].token
    assert api.post("/api/auth/verify-email", {"token": inbox.to(ADA)[-1].token}).status == 200
    assert api.post("/api/auth/verify-email", {"token": thiefs}).status == 400
