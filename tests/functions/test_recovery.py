"""Password resets, password changes and email changes."""

import pytest
import time_machine

from shared.accounts import lifecycle
from shared.core import clock, tables
from shared.core.errors import EmailTaken
from shared.records import keys, sessions, users
from shared.values.client import Client
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox, Reply
from tests.support.assertions import assert_error
from tests.support.faults import Wire

NEW = "a rather different sentence"
ADA = "ada@example.com"
COUNTESS = "countess@example.com"


def login_status(api: Api, email: str = ADA, password: str = PASSWORD) -> int:
    return api.post("/api/auth/login", {"email": email, "password": password}).status


def reset_token(api: Api, inbox: Inbox) -> str:
    """Request a reset of Ada's password. Return the token that she is sent."""
    api.post("/api/auth/forgot-password", {"email": ADA})
    return inbox.newest().token


def reset(api: Api, token: str, password: str = NEW) -> Reply:
    return api.post("/api/auth/reset-password", {"token": token, "password": password})


def verify(api: Api, token: str, registration: str = "") -> Reply:
    return api.post("/api/auth/verify-email", {"token": token, "registration": registration})


def register(api: Api, email: str) -> str:
    """Register an address, and return the registration's secret."""
    reply = api.post("/api/auth/register", {"name": "Eve", "email": email, "password": NEW})
    return str(reply.json["registration"])


def change_email(caller: Api, inbox: Inbox, address: str) -> None:
    """Request a change to this address, and confirm it."""
    asked = caller.post("/api/auth/change-email", {"newEmail": address, "password": PASSWORD})
    assert asked.status == 202
    assert verify(Api(), inbox.to(address)[-1].token).status == 200


# Forgotten passwords -------------------------------------------------------------------------------


def test_reset_replaces_the_password_and_ends_all_sessions(ada: Api, api: Api, inbox: Inbox) -> None:
    assert api.post("/api/auth/forgot-password", {"email": ADA}).status == 202
    token = inbox.newest().token
    assert reset(api, token).status == 204
    assert ada.get("/api/auth/me").status == 401
    assert login_status(api, password=PASSWORD) == 401
    assert login_status(api, password=NEW) == 200
    again = reset(api, token, PASSWORD)
    assert (again.status, again.json["code"]) == (400, "invalid_link")
    assert any("was changed" in email.subject for email in inbox.all())


def test_unknown_address_gets_the_same_answer_and_no_email(api: Api, inbox: Inbox) -> None:
    assert api.post("/api/auth/forgot-password", {"email": "nobody@example.com"}).status == 202
    assert inbox.all() == []


@pytest.mark.usefixtures("ada")
def test_rejected_password_does_not_use_up_the_reset_link(api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    assert reset(api, token, "short").status == 400
    assert reset(api, token, "password123").status == 400
    assert reset(api, token).status == 204


@pytest.mark.usefixtures("ada")
def test_reset_link_expires_after_an_hour(api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    with time_machine.travel(clock.now() + clock.HOUR + 1):
        assert reset(api, token).status == 400


@pytest.mark.usefixtures("ada")
def test_first_of_many_reset_links_works_and_voids_the_others(api: Api, inbox: Inbox) -> None:
    first, *others = [reset_token(api, inbox) for _ in range(25)]
    assert reset(api, first).status == 204
    assert {reset(api, token).status for token in others} == {400}


@pytest.mark.usefixtures("ada")
def test_repeat_of_a_reset_within_a_minute_changes_nothing(api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    with time_machine.travel(clock.now(), tick=False) as moment:
        assert reset(api, token).status == 204
        before = stored.everything(without="LimitsTable")
        assert reset(api, token).status == 204
        assert stored.everything(without="LimitsTable") == before
        assert reset(api, token, "another sentence yet").status == 400
        moment.shift(60)
        assert reset(api, token).status == 400


@pytest.mark.usefixtures("ada")
def test_reset_token_does_not_verify_an_address(api: Api, inbox: Inbox) -> None:
    assert verify(api, reset_token(api, inbox)).status == 400


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_scanner_that_opens_every_link_uses_up_no_token(api: Api, inbox: Inbox, verb: str) -> None:
    reset_link = reset_token(api, inbox)
    secret = register(api, "cyd@example.com")
    verification_link = inbox.newest().token
    for path, token in (("reset-password", reset_link), ("verify-email", verification_link)):
        reply = api.call(verb, f"/api/auth/{path}?token={token}")
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert reset(api, reset_link).status == 204
    assert verify(api, verification_link, secret).status == 200


@pytest.mark.usefixtures("ada")
def test_reset_token_cannot_sign_in(api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    assert api.with_token(token).get("/api/auth/me").status == 401
    assert api.post("/api/auth/refresh", {"refreshToken": token}).status == 401
    assert login_status(api, password=token) == 401
    reply = reset(api, token)
    assert (reply.status, reply.text) == (204, "")


def test_forgotten_password_of_a_pending_registration_repeats_its_link(api: Api, inbox: Inbox) -> None:
    secret = register(api, ADA)
    confirmation = inbox.newest()
    token = reset_token(api, inbox)
    assert inbox.newest().subject == confirmation.subject
    assert reset(api, token).status == 400
    assert verify(api, token, secret).status == 200
    stored.check()


@pytest.mark.usefixtures("ada")
def test_reset_unlocks_a_locked_account(api: Api, inbox: Inbox) -> None:
    for _ in range(6):
        assert login_status(api, password="wrong wrong wrong") == 401
    assert login_status(api) == 401
    reset(api, reset_token(api, inbox))
    assert login_status(api, password=NEW) == 200


@pytest.mark.usefixtures("ada")
def test_locked_account_answers_like_a_wrong_password_until_the_lock_ends(api: Api) -> None:
    for _ in range(5):
        login_status(api, password="wrong wrong wrong")
    locked = api.post("/api/auth/login", {"email": ADA, "password": PASSWORD})
    assert (locked.status, locked.json["message"]) == (401, "Invalid credentials")
    with time_machine.travel(clock.now() + 31):
        assert login_status(api) == 200


def test_invited_user_sets_a_password(admin: Api, api: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    assert reset(api, inbox.newest().token).status == 204
    assert login_status(api, "grace@example.com", NEW) == 200


def test_invitation_expires_after_72_hours(admin: Api, api: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    token = inbox.newest().token
    with time_machine.travel(clock.now() + 72 * clock.HOUR):
        assert_error(reset(api, token), 400, "invalid_link")
    with time_machine.travel(clock.now() + 72 * clock.HOUR - 5):
        assert reset(api, token).status == 204


def test_first_of_many_invitations_works(admin: Api, api: Api, inbox: Inbox) -> None:
    """Emails that strangers request repeat an invitation. None of them voids an earlier one."""
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    first = inbox.newest().token
    for _ in range(25):
        for path in ("forgot-password", "resend-verification"):
            api.post(f"/api/auth/{path}", {"email": "grace@example.com"})
        register(api, "grace@example.com")
    assert {email.subject for email in inbox.to("grace@example.com")} == {inbox.all()[0].subject}
    assert reset(api, first).status == 204
    assert login_status(api, "grace@example.com", NEW) == 200


def test_reset_link_is_invalid_after_an_email_change(ada: Api, api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    change_email(ada, inbox, COUNTESS)
    assert reset(api, token).status == 400
    assert login_status(api, ADA, NEW) == 401
    assert login_status(api, COUNTESS) == 200


def test_reset_link_is_invalid_after_a_password_change(ada: Api, api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert reset(api, token, "another sentence yet").status == 400
    assert login_status(api, password=NEW) == 200


# Changed passwords ---------------------------------------------------------------------------------


def test_password_change_ends_all_other_sessions(ada: Api, api: Api) -> None:
    other = api.signed_in(ADA, PASSWORD)
    wrong = ada.post("/api/auth/change-password", {"currentPassword": "x", "newPassword": NEW})
    assert (wrong.status, wrong.json["code"]) == (401, "invalid_credentials")
    changed = ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert changed.status == 200
    assert ada.get("/api/auth/me").status == 200
    assert other.get("/api/auth/me").status == 401
    assert login_status(api, password=NEW) == 200


def test_records_read_before_hashing_are_not_read_again(ada: Api, api: Api, inbox: Inbox, wire: Wire) -> None:
    def reads(name: str, body: dict[str, str]) -> list[str]:
        keys.public_key("")  # cache the public keys
        wire.reset()
        assert ada.post(f"/api/auth/{name}", body).status < 300
        return [call for call in wire.calls if call in {"GetItem", "Query"}]

    assert (
        reads("change-email", {"newEmail": COUNTESS, "password": PASSWORD}) == ["GetItem"] * 5
    )  # two are counts of emails
    change = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert reads("change-password", change) == ["GetItem", "GetItem", "GetItem", "Query"]
    token = reset_token(api, inbox)
    assert reads("reset-password", {"token": token, "password": PASSWORD}) == ["GetItem", "GetItem", "GetItem", "Query"]


# Changed addresses ---------------------------------------------------------------------------------


def test_email_change_takes_effect_on_confirmation_and_can_be_undone(ada: Api, api: Api, inbox: Inbox) -> None:
    asked = ada.post("/api/auth/change-email", {"newEmail": COUNTESS, "password": PASSWORD})
    assert asked.status == 202
    confirmation = inbox.newest()
    assert confirmation.to == COUNTESS
    assert login_status(api) == 200

    assert verify(api, confirmation.token).status == 200
    notice = inbox.newest()
    assert notice.to == ADA
    assert login_status(api) == 401
    assert login_status(api, COUNTESS) == 200
    assert ada.get("/api/auth/me").json["data"]["user"]["email"] == COUNTESS
    # The old address is reserved: a registration with it gets no email.
    register(api, ADA)
    assert inbox.to(ADA) == [notice]

    with time_machine.travel(clock.now() + 71 * clock.HOUR):
        assert verify(api, notice.token).status == 200
        assert ada.get("/api/auth/me").status == 401
        recovery = inbox.newest()
        assert recovery.to == ADA
        assert login_status(api, COUNTESS) == 401
        assert reset(api, recovery.token).status == 204
        assert login_status(api, password=NEW) == 200
    with time_machine.travel(clock.now() + 71 * clock.HOUR + clock.MINUTE):
        assert verify(api, notice.token).status == 400


def test_old_address_is_free_after_72_hours(ada: Api, api: Api, inbox: Inbox) -> None:
    change_email(ada, inbox, COUNTESS)
    with time_machine.travel(clock.now() + 72 * clock.HOUR + 1):
        secret = register(api, ADA)
        assert inbox.newest().to == ADA
        assert verify(api, inbox.newest().token, secret).status == 200


def test_reserved_address_cannot_become_an_administrators(ada: Api, inbox: Inbox) -> None:
    change_email(ada, inbox, COUNTESS)
    with pytest.raises(EmailTaken):
        lifecycle.ensure_admin(ADA, NEW)


@pytest.mark.usefixtures("ada")
def test_change_to_a_taken_address_only_notifies_its_owner(admin: Api, inbox: Inbox) -> None:
    reply = admin.post("/api/auth/change-email", {"newEmail": ADA, "password": PASSWORD})
    assert reply.status == 202
    assert "already" in inbox.newest().subject


@pytest.mark.parametrize("target", ["nobody@example.com", "admin@example.com", COUNTESS])
@pytest.mark.usefixtures("admin")
def test_only_the_latest_request_to_change_the_address_is_valid(ada: Api, api: Api, inbox: Inbox, target: str) -> None:
    """Whether the later target has an account makes no difference: otherwise the first link would reveal it."""
    ada.post("/api/auth/change-email", {"newEmail": COUNTESS, "password": PASSWORD})
    first = inbox.newest().token
    ada.post("/api/auth/change-email", {"newEmail": target, "password": PASSWORD})
    assert verify(api, first).status == 400
    if target == COUNTESS:
        assert verify(api, inbox.newest().token).status == 200


@pytest.mark.usefixtures("admin")
def test_request_to_change_the_address_is_void_before_the_next_email_is_sent(ada: Api, api: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "eve@example.com", "password": PASSWORD})
    ada.post("/api/auth/change-email", {"newEmail": COUNTESS, "password": PASSWORD})
    assert inbox.to("eve@example.com") == []
    assert verify(api, inbox.to(COUNTESS)[-1].token).status == 200


def test_repeats_of_a_change_and_of_its_undo_change_nothing(ada: Api, api: Api, inbox: Inbox) -> None:
    change_email(ada, inbox, COUNTESS)
    undo = inbox.to(ADA)[-1].token
    for token in (inbox.to(COUNTESS)[-1].token, undo):
        verify(api, token)
        before = stored.everything(without="LimitsTable")
        assert verify(api, token).status == 200
        assert stored.everything(without="LimitsTable") == before


def test_account_cannot_be_closed_while_its_former_owner_can_undo_a_change(ada: Api, api: Api, inbox: Inbox) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    change_email(ada, inbox, COUNTESS)
    undo = inbox.to(ADA)[-1].token
    before = stored.everything()
    assert_error(ada.delete(f"/api/users/{user_id}"), 409, "email_change_undoable")
    assert stored.everything() == before
    assert verify(api, undo).status == 200


def test_account_can_be_closed_after_the_undo_period(ada: Api, inbox: Inbox) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    change_email(ada, inbox, COUNTESS)
    with time_machine.travel(clock.now() + 72 * 3600):
        assert ada.signed_in(COUNTESS, PASSWORD).delete(f"/api/users/{user_id}").status == 204


def test_closing_an_account_frees_the_reserved_address(ada: Api, admin: Api, api: Api, inbox: Inbox) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    change_email(ada, inbox, COUNTESS)
    inbox.deliver()
    assert admin.delete(f"/api/users/{user_id}").status == 204
    for address in (ADA, COUNTESS):
        register(api, address)
        assert "Confirm" in inbox.newest().subject
        assert inbox.newest().to == address


def test_closing_an_account_with_unsent_notices_frees_all_addresses(ada: Api, admin: Api, inbox: Inbox) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    for address in (COUNTESS, "lovelace@example.com"):
        change_email(ada, inbox, address)
    assert admin.delete(f"/api/users/{user_id}").status == 204
    assert [each["address"] for each in stored.credentials()] == [ADMIN_EMAIL]
    inbox.deliver()
    stored.check()


# Account takeover ----------------------------------------------------------------------------------


@pytest.fixture
def crowded(ada: Api, inbox: Inbox) -> str:
    """Ada's undo token after a takeover: a thief moved her account as often as the limits allow."""
    for number in range(15):
        change_email(ada, inbox, f"thief{number}@example.com")
    (user,) = users.with_email("thief14@example.com")
    tables.write(*(sessions.starting(sessions.new(user, Client())) for _ in range(90)))
    return inbox.to(ADA)[0].token


def test_owner_can_undo_despite_any_number_of_sessions_and_changes(crowded: str, api: Api, inbox: Inbox) -> None:
    assert verify(api, crowded).status == 200
    assert inbox.newest().to == ADA
    assert stored.sessions() == []
    assert reset(api, inbox.newest().token).status == 204
    stored.check()


@pytest.mark.usefixtures("crowded")
def test_account_can_be_closed_despite_any_number_of_sessions_and_changes(ada: Api, admin: Api) -> None:
    user_id = ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert admin.delete(f"/api/users/{user_id}").status == 204
    assert [each["address"] for each in stored.credentials()] == [ADMIN_EMAIL]
    assert {each["email"] for each in (*stored.profiles(), *stored.sessions())} == {ADMIN_EMAIL}


def test_links_of_a_closed_account_are_void(ada: Api, admin: Api, api: Api, inbox: Inbox) -> None:
    token = reset_token(api, inbox)
    change_email(ada, inbox, COUNTESS)
    undo = inbox.to(ADA)[-1].token
    ada.post("/api/auth/change-email", {"newEmail": "eve@example.com", "password": PASSWORD})
    change = inbox.newest().token
    assert admin.delete("/api/users/" + ada.get("/api/auth/me").json["data"]["user"]["id"]).status == 204
    assert reset(api, token).status == 400
    assert {verify(api, link).status for link in (undo, change)} == {400}


@pytest.fixture
def undo_tokens(ada: Api, inbox: Inbox) -> tuple[str, str]:
    """The undo tokens of a thief and of Ada: the thief moved her account twice, to hold a token of their own."""
    for address in ("thief@example.com", "thief2@example.com"):
        change_email(ada, inbox, address)
    return inbox.to("thief@example.com")[-1].token, inbox.to(ADA)[-1].token


def test_owner_can_undo_after_the_thief_used_an_undo_link(undo_tokens: tuple[str, str], api: Api, inbox: Inbox) -> None:
    thief, owner = undo_tokens
    assert verify(api, thief).status == 200
    assert verify(api, owner).status == 200
    assert inbox.newest().to == ADA
    with time_machine.travel(clock.now() + clock.MINUTE):
        assert verify(api, thief).status == 400


def test_undo_frees_the_addresses_in_between(undo_tokens: tuple[str, str], api: Api, inbox: Inbox) -> None:
    _, owners = undo_tokens
    assert verify(api, owners).status == 200
    assert [each["address"] for each in stored.credentials()] == [ADA]
    assert inbox.newest().to == ADA


def test_undo_invalidates_the_undo_links_of_later_changes(undo_tokens: tuple[str, str], api: Api) -> None:
    thief, owner = undo_tokens
    assert verify(api, owner).status == 200
    assert verify(api, thief).status == 400
