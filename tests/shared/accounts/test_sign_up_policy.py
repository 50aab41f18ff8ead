"""The sign-up policy, on every way in: by password, by email, by invitation, and by changing the address."""

import re
from collections.abc import Callable, Mapping

import pytest

from shared.accounts import hooks, sign_up_policy
from shared.core import config
from shared.core.errors import DomainNotAllowed, SignUpClosed
from shared.values import emails
from tests.support import PASSWORD, ROOT, stored
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Inbox, Reply
from tests.support.assertions import assert_error
from tests.support.feedback import bounce, receive

ADA = "ada@example.com"
REFUSALS: Mapping[str, tuple[Mapping[str, str], str]] = {
    "closed": ({"SIGN_UP": "invitation"}, "sign_up_closed"),
    "closed, domain refused": ({"SIGN_UP": "invitation", "REFUSED_DOMAINS": "example.com"}, "sign_up_closed"),
    "domain refused": ({"REFUSED_DOMAINS": "example.org,example.com"}, "domain_not_allowed"),
    "domain not allowed": ({"ALLOWED_DOMAINS": "example.org"}, "domain_not_allowed"),
}
EVERY_REFUSAL = pytest.mark.parametrize("refusal", REFUSALS)
OPEN = {"SIGN_UP": "open", "ALLOWED_DOMAINS": "off", "REFUSED_DOMAINS": "off"}


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch, environment: object) -> Callable[..., None]:
    """Set the policy. It is open at first."""
    assert environment

    def put(**variables: str) -> None:
        for name, text in {**OPEN, **variables}.items():
            monkeypatch.setenv(name, text)

    return put


@pytest.fixture
def refuse(policy: Callable[..., None]) -> Callable[[str], str]:
    """Set one of the policies that refuse Ada, and return the code of its error."""

    def put(refusal: str) -> str:
        variables, code = REFUSALS[refusal]
        policy(**variables)
        return code

    return put


def register(email: str = ADA) -> Reply:
    return Api().post("/api/auth/register", {"name": "Ada", "email": email, "password": PASSWORD})


def accounts_and_registrations() -> list[object]:
    return [stored.profiles(), stored.credentials(), stored.sessions(), stored.items("RegistrationsTable")]


def count_of_accounts() -> int:
    stored.check()
    return len(stored.profiles())


# Rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "refused", "address", "accepted"),
    [
        ("off", "off", "ada@example.com", True),
        ("example.com", "off", "ada@example.com", True),
        ("example.com", "off", "Ada@EXAMPLE.com", True),
        ("Example.COM, example.org", "off", "ada@example.org", True),
        ("example.com", "off", "ada@example.org", False),
        ("example.com", "off", "ada@mail.example.com", False),
        ("example.com", "off", "ada@notexample.com", False),
        ("*.example.com", "off", "ada@a.mail.example.com", True),
        ("*.example.com", "off", "ada@example.com", False),
        ("*.example.com", "off", "ada@notexample.com", False),
        ("*.example.com,example.com", "off", "ada@example.com", True),
        ("bücher.example", "off", "ada@xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "off", "ada@BÜCHER.example", True),
        ("*.bücher.example", "off", "ada@mail.xn--bcher-kva.example", True),
        ("off", "example.com", "ada@example.com", False),
        ("off", "example.com", "ada@mail.example.com", True),
        ("off", "*.example.com", "ada@MAIL.example.com", False),
        ("off", "xn--bcher-kva.example", "ada@bu\u0308cher.example", False),
        ("*.example.com", "mail.example.com", "ada@mail.example.com", False),
        ("*.example.com", "mail.example.com", "ada@home.example.com", True),
    ],
)
def test_domain_is_compared_as_idna_and_exactly(
    policy: Callable[..., None], allowed: str, refused: str, address: str, *, accepted: bool
) -> None:
    policy(ALLOWED_DOMAINS=allowed, REFUSED_DOMAINS=refused)
    for require in (sign_up_policy.require_open, sign_up_policy.require_address):
        try:
            require(emails.parse(address))
        except DomainNotAllowed:
            assert not accepted
        else:
            assert accepted


def test_mistake_in_a_list_is_named(policy: Callable[..., None]) -> None:
    policy(REFUSED_DOMAINS="example.com,example")
    with pytest.raises(config.ConfigurationError, match=r"RefusedDomains are domains such as .*, not example$"):
        sign_up_policy.require_open(ADA)


@pytest.mark.parametrize("parameter", ["AllowedDomains", "RefusedDomains"])
def test_template_accepts_lists_of_domains_only(parameter: str) -> None:
    block = (ROOT / "template.yaml").read_text().partition(f"\n  {parameter}:\n")[2]
    pattern = re.compile(re.findall(r"AllowedPattern: (\S.*)$", block, re.MULTILINE)[0])
    for text in ("off", "example.com", "*.example.com", "example.com,*.b.example", "example.com, bücher.example"):
        assert pattern.search(text), text
    for text in ("", "on", "example", "a@example.com", "example.com,", "example.com,off", "*", "*.*.com", "a..com"):
        assert not pattern.search(text), text


# Registration ---------------------------------------------------------------------------------------


@EVERY_REFUSAL
def test_registration_is_refused_alike_for_every_address(
    api: Api, admin: Api, inbox: Inbox, refuse: Callable[[str], str], refusal: str
) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    invitations, accounts = len(inbox.all()), count_of_accounts()
    code = refuse(refusal)
    replies = [register(email) for email in (ADA, "ben@example.com", ADMIN_EMAIL)]
    for reply in replies:
        assert_error(reply, 403, code)
        assert {**reply.json, "requestId": ""} == {**replies[0].json, "requestId": ""}
    assert stored.items("RegistrationsTable") == []
    assert (len(inbox.all()), count_of_accounts()) == (invitations, accounts)
    api.signed_in(ADMIN_EMAIL, PASSWORD)


@pytest.mark.usefixtures("api")
def test_refusal_comes_before_the_password_is_checked(refuse: Callable[[str], str]) -> None:
    code = refuse("closed")
    reply = Api().post("/api/auth/register", {"name": "Ada", "email": ADA, "password": "password"})
    assert_error(reply, 403, code)


def test_allowed_domain_registers(api: Api, inbox: Inbox, policy: Callable[..., None]) -> None:
    policy(ALLOWED_DOMAINS="example.com", REFUSED_DOMAINS="example.org")
    proofs = {"registration": register().json["registration"], "token": inbox.newest().token}
    assert api.post("/api/auth/verify-email", proofs).status == 200


@EVERY_REFUSAL
@pytest.mark.parametrize("way", ["link", "code", "password"])
def test_registration_from_before_opens_no_account_and_its_link_stays_valid(  # noqa: PLR0913, PLR0917  # fixtures
    api: Api,
    inbox: Inbox,
    policy: Callable[..., None],
    refuse: Callable[[str], str],
    refusal: str,
    way: str,
) -> None:
    secret, email = register().json["registration"], inbox.newest()
    proofs = {
        "link": {"token": email.token, "registration": secret},
        "code": {"email": ADA, "code": email.code, "registration": secret},
        "password": {"token": email.token, "password": PASSWORD},
    }[way]
    code = refuse(refusal)
    assert_error(api.post("/api/auth/verify-email", proofs), 403, code)
    assert count_of_accounts() == 0
    policy()
    assert api.post("/api/auth/verify-email", proofs).status == 200
    # A repeat brings the same session: no account is opened.
    refuse(refusal)
    assert api.post("/api/auth/verify-email", proofs).status == 200


# Sign-in by email -----------------------------------------------------------------------------------


@EVERY_REFUSAL
@pytest.mark.usefixtures("ada")
def test_sign_in_by_email_is_answered_alike_and_only_accounts_get_an_email(  # noqa: PLR0913, PLR0917  # fixtures
    api: Api, admin: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, refuse: Callable[[str], str], refusal: str
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    inbox.deliver()
    inbox.sent.clear()
    refuse(refusal)
    addresses = (ADA, "ben@example.com", "eve@example.com")
    replies = [api.post("/api/auth/login/email", {"email": email}) for email in addresses]
    assert [reply.status for reply in replies] == [202] * 3
    assert len({reply.json["request"] for reply in replies}) == 3
    assert [{**reply.json, "request": ""} for reply in replies] == [{**replies[0].json, "request": ""}] * 3
    subjects = {email.to: email.subject.partition(" ")[0] for email in inbox.all()}
    # An invitation is repeated.
    assert subjects == {ADA: "Sign", "ben@example.com": "You"}
    (email,) = inbox.to(ADA)
    assert api.post("/api/auth/login/email/verify", {"token": email.token}).status == 200


@EVERY_REFUSAL
@pytest.mark.parametrize("way", ["link", "code"])
def test_sign_up_by_email_from_before_opens_no_account_and_its_link_stays_valid(  # noqa: PLR0913, PLR0917  # fixtures
    api: Api,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    policy: Callable[..., None],
    refuse: Callable[[str], str],
    refusal: str,
    way: str,
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    secret = api.post("/api/auth/login/email", {"email": ADA}).json["request"]
    email = inbox.newest()
    proofs = {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}
    code = refuse(refusal)
    assert_error(api.post("/api/auth/login/email/verify", proofs), 403, code)
    assert count_of_accounts() == 0
    policy()
    assert api.post("/api/auth/login/email/verify", proofs).status == 200


# Invitations and existing accounts ------------------------------------------------------------------


@EVERY_REFUSAL
def test_invitation_is_an_exception(
    api: Api, admin: Api, inbox: Inbox, refuse: Callable[[str], str], refusal: str
) -> None:
    refuse(refusal)
    assert admin.post("/api/users", {"name": "Ada", "email": ADA}).status == 201
    assert api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": PASSWORD}).status == 204
    api.signed_in(ADA, PASSWORD)


@EVERY_REFUSAL
@pytest.mark.usefixtures("ada")
def test_existing_account_signs_in_and_resets_its_password(
    api: Api, inbox: Inbox, refuse: Callable[[str], str], refusal: str
) -> None:
    refuse(refusal)
    api.signed_in(ADA, PASSWORD)
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": PASSWORD}).status == 204


# Changing the address -------------------------------------------------------------------------------


def test_account_cannot_move_to_a_refused_domain(api: Api, ada: Api, inbox: Inbox, policy: Callable[..., None]) -> None:
    member(api, "Eve", "eve@example.org")
    policy(REFUSED_DOMAINS="example.org")
    replies = [
        ada.post("/api/auth/change-email", {"newEmail": f"{name}@example.org", "password": PASSWORD})
        for name in ("ada", "eve")
    ]
    for reply in replies:
        assert_error(reply, 403, "domain_not_allowed")
    assert inbox.all() == []


def test_domain_refused_since_the_request_is_refused_when_the_change_is_confirmed(
    api: Api, ada: Api, inbox: Inbox, policy: Callable[..., None]
) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "ada@example.org", "password": PASSWORD})
    token = {"token": inbox.newest().token}
    policy(REFUSED_DOMAINS="example.org")
    assert_error(api.post("/api/auth/verify-email", token), 403, "domain_not_allowed")
    assert [user["email"] for user in stored.profiles()] == [ADA]
    policy()
    assert api.post("/api/auth/verify-email", token).status == 200
    assert [user["email"] for user in stored.profiles()] == ["ada@example.org"]
    # Undoing it brings back an address that the account had.
    policy(REFUSED_DOMAINS="example.com")
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert [user["email"] for user in stored.profiles()] == [ADA]


def test_account_changes_its_address_while_sign_up_is_closed(ada: Api, policy: Callable[..., None]) -> None:
    policy(SIGN_UP="invitation")
    assert ada.post("/api/auth/change-email", {"newEmail": "a@example.org", "password": PASSWORD}).status == 202


# The hook -------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """The addresses that the hook was asked about, and whether it was for a change of address."""
    calls: list[tuple[str, bool]] = []

    def before_registration(address: str, *, is_change: bool) -> None:
        calls.append((address, is_change))

    monkeypatch.setattr(hooks, "before_registration", before_registration)
    return calls


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the hook refuse every address from now on."""

    def before_registration(address: str, *, is_change: bool) -> None:
        del address, is_change
        raise DomainNotAllowed

    return lambda: monkeypatch.setattr(hooks, "before_registration", before_registration)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("require", [sign_up_policy.require_open, sign_up_policy.require_address])
def test_hook_is_asked_after_the_parameters(
    asked: list[tuple[str, bool]], policy: Callable[..., None], require: Callable[[str], None]
) -> None:
    policy(REFUSED_DOMAINS="example.com")
    with pytest.raises(DomainNotAllowed):
        require(ADA)
    assert asked == []
    policy(ALLOWED_DOMAINS="example.com")
    require(ADA)
    assert asked == [(ADA, require is sign_up_policy.require_address)]


def test_hook_refuses_to_register_to_open_and_to_change(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, denied: Callable[[], None]
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    ben = member(api, "Ben", "ben@example.com")
    registration = {"registration": register().json["registration"], "token": inbox.newest().token}
    request = {
        "request": api.post("/api/auth/login/email", {"email": ADA}).json["request"],
        "token": inbox.newest().token,
    }
    change = {"newEmail": "b@example.com", "password": PASSWORD}
    ben.post("/api/auth/change-email", change)
    confirmation = {"token": inbox.newest().token}
    before, sent = accounts_and_registrations(), len(inbox.all())
    denied()
    assert_error(register(), 403, "domain_not_allowed")
    assert_error(api.post("/api/auth/verify-email", registration), 403, "domain_not_allowed")
    assert_error(api.post("/api/auth/login/email/verify", request), 403, "domain_not_allowed")
    assert_error(api.post("/api/auth/verify-email", confirmation), 403, "domain_not_allowed")
    assert_error(ben.post("/api/auth/change-email", change), 403, "domain_not_allowed")
    assert accounts_and_registrations() == before
    assert api.post("/api/auth/login/email", {"email": "eve@example.com"}).status == 202
    assert len(inbox.all()) == sent
    # Its own account still signs in.
    api.post("/api/auth/login/email", {"email": "ben@example.com"})
    assert api.post("/api/auth/login/email/verify", {"token": inbox.newest().token}).status == 200


def test_hook_runs_inside_the_decision_and_is_asked_again_when_it_is_repeated(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored data changes after the hook has agreed, so the decision is repeated, and now the hook refuses."""
    proofs = {"registration": register().json["registration"], "token": inbox.newest().token}
    calls: list[str] = []

    def before_registration(address: str, *, is_change: bool) -> None:
        del is_change
        calls.append(address)
        if len(calls) > 1:
            raise SignUpClosed
        # The account is opened on the condition that its address is suppressed as it was when it was read.
        monkeypatch.setattr("shared.records.suppressions.reason_for", lambda _: None)
        receive(bounce(ADA))

    monkeypatch.setattr(hooks, "before_registration", before_registration)
    assert_error(api.post("/api/auth/verify-email", proofs), 403, "sign_up_closed")
    assert calls == [ADA, ADA]
    assert count_of_accounts() == 0


@pytest.mark.usefixtures("api")
def test_hook_is_not_asked_about_invitations(admin: Api, asked: list[tuple[str, bool]]) -> None:
    assert admin.post("/api/users", {"name": "Ada", "email": ADA}).status == 201
    assert asked == []
