"""Power cuts during account flows and the contact form.

Each flow runs once for each of its AWS calls, and the process dies right after that call: AWS carried it out, but the
response never arrives. What is stored must then be consistent, and a user who tries again must succeed.
"""

from collections.abc import Callable

import pytest

from shared.records import factor_keys, keys
from tests.support import PASSWORD, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox, Reply
from tests.support.factors import enroll
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}
Reset = Callable[[], None]


def crash_points(wire: Wire, flow: Callable[..., object], *args: object) -> list[int]:
    """Run a flow without faults. Return the numbers of its AWS calls: it can crash after each of them."""
    keys.public_key("")  # fills the cache, so that every run makes the same calls
    wire.reset()
    flow(*args)
    return list(range(1, len(wire.calls) + 1))


def crash(wire: Wire, call: int, flow: Callable[..., object], *args: object) -> None:
    """Run a flow until the process dies after this call, and check what is stored."""
    wire.reset()
    wire.cut_power_after(call)
    with pytest.raises(PowerCut):
        flow(*args)
    wire.reset()
    stored.check()


def start_over(reset: Reset) -> None:
    reset()
    keys.memory.forget()


def can_join(inbox: Inbox) -> bool:
    """Return whether Ada, who only saw an error, can register again, confirm her address and sign in."""
    api = Api()
    registered = api.post("/api/auth/register", ADA)
    assert registered.status == 202
    proofs = {"token": inbox.to(ADA["email"])[-1].token, "registration": registered.json["registration"]}
    assert api.post("/api/auth/verify-email", proofs).status == 200
    stored.check()
    return api.signed_in(ADA["email"], PASSWORD).get("/api/auth/me").status == 200


@pytest.mark.parametrize("is_registered", [False, True])
def test_registration_can_be_repeated(
    api: Api, inbox: Inbox, wire: Wire, reset_moto: Reset, *, is_registered: bool
) -> None:
    def register() -> None:
        api.post("/api/auth/register", ADA)

    def prepare() -> None:
        start_over(reset_moto)
        if is_registered:
            register()

    prepare()
    for call in crash_points(wire, register):
        prepare()
        crash(wire, call, register)
        assert stored.profiles() == []
        assert can_join(inbox)
        assert len(stored.profiles()) == 1


@pytest.mark.parametrize("registrant", ["registration", "password"])
@pytest.mark.parametrize("mailbox", ["token", "code"])
def test_confirmation_can_be_repeated(  # noqa: PLR0913, PLR0917  # fixtures
    api: Api, inbox: Inbox, wire: Wire, reset_moto: Reset, mailbox: str, registrant: str
) -> None:
    def prepare() -> dict[str, str]:
        start_over(reset_moto)
        secret = api.post("/api/auth/register", ADA).json["registration"]
        email = inbox.newest()
        proof = {"token": email.token} if mailbox == "token" else {"email": ADA["email"], "code": email.code}
        return {**proof, registrant: secret if registrant == "registration" else PASSWORD}

    body = prepare()
    for call in crash_points(wire, api.post, "/api/auth/verify-email", body):
        body = prepare()
        crash(wire, call, api.post, "/api/auth/verify-email", body)
        reply = api.post("/api/auth/verify-email", body)
        assert reply.status == 200
        assert api.with_token(reply.json["token"]).get("/api/auth/me").status == 200
        assert len(stored.profiles()) == len(stored.sessions()) == 1
        assert api.signed_in(ADA["email"], PASSWORD).get("/api/auth/me").status == 200


def test_invitation_can_be_repeated(admin: Api, inbox: Inbox, wire: Wire) -> None:
    def invite(number: int) -> Reply:
        body = {"name": "Ben", "email": f"ben{number}@example.com"}
        return admin.post("/api/users", body, idempotency_key=f"key-{number}")

    for call in crash_points(wire, invite, 0):
        keys.public_key("")
        crash(wire, call, invite, call)
        assert invite(call).status == 201
        assert len(inbox.to(f"ben{call}@example.com")) == 1
        stored.check()


def test_form_can_be_sent_again_after_a_crash_or_a_lost_response(api: Api, inbox: Inbox, wire: Wire) -> None:
    def send(number: int) -> Reply:
        body = {"name": "Ben", "email": f"ben{number}@example.com", "message": "Hello"}
        return api.post("/api/contact", body, idempotency_key=f"key-{number}")

    def emails(number: int) -> int:
        return len([email for email in inbox.all() if email.reply_to == [f"ben{number}@example.com"]])

    for call in crash_points(wire, send, 0):
        crash(wire, call, send, call)
        assert send(call).status == 201
        assert emails(call) == 1
        assert len(stored.items("SubmissionsTable")) == call + 1
        stored.check()
    for call in crash_points(wire, send, 100):
        wire.reset()
        wire.lose_answer_to(call)
        send(100 + call)
        wire.reset()
        assert send(100 + call).status == 201
        assert emails(100 + call) == 1
        stored.check()


def test_sign_in_can_be_repeated(api: Api, ada: Api, wire: Wire) -> None:
    def sign_in() -> None:
        keys.memory.forget()
        api.post("/api/auth/login", LOGIN)

    for call in crash_points(wire, sign_in):
        before = len(stored.sessions())
        crash(wire, call, sign_in)
        # At worst a session remains whose tokens never arrived. It is listed, and ends like any other.
        assert len(stored.sessions()) <= before + 1
        assert api.post("/api/auth/login", LOGIN).status == 200
    assert ada.post("/api/auth/logout", {"scope": "global"}).status == 204
    assert stored.sessions() == []


@pytest.mark.parametrize("change", [{"role": "admin"}, {"status": "disabled"}, {"name": "A"}])
def test_profile_change_can_be_repeated(admin: Api, api: Api, wire: Wire, change: dict[str, str]) -> None:
    def new_user(number: int) -> str:
        user = member(api, "Ben", f"ben{number}@example.com")
        return f"/api/users/{user.get('/api/auth/me').json['data']['user']['id']}"

    url = new_user(0)
    for call in crash_points(wire, admin.patch, url, change):
        url = new_user(call)
        crash(wire, call, admin.patch, url, change)
        assert admin.patch(url, change).status == 200
        assert admin.get(url).json["data"] | change == admin.get(url).json["data"]
        stored.check()


def test_closing_an_account_can_be_repeated(api: Api, inbox: Inbox, wire: Wire, reset_moto: Reset) -> None:
    def prepare() -> tuple[Api, str]:
        start_over(reset_moto)
        user = member(api, "Ada", ADA["email"])
        return user, f"/api/users/{user.get('/api/auth/me').json['data']['user']['id']}"

    user, url = prepare()
    for call in crash_points(wire, user.delete, url):
        user, url = prepare()
        crash(wire, call, user.delete, url)
        assert user.delete(url).status in {204, 401}
        assert stored.profiles() == stored.credentials() == stored.sessions() == []
        assert can_join(inbox)


@pytest.mark.parametrize("opens", ["session", "account", "factor"])
@pytest.mark.parametrize("way", ["link", "code"])
def test_sign_in_by_email_can_be_repeated(  # noqa: PLR0913, PLR0917  # fixtures
    api: Api, inbox: Inbox, wire: Wire, reset_moto: Reset, monkeypatch: pytest.MonkeyPatch, way: str, opens: str
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    url = "/api/auth/login/email/verify"

    def prepare() -> dict[str, str]:
        start_over(reset_moto)
        factor_keys.memory.forget()
        if opens != "account":
            ada = member(api, "Ada", ADA["email"])
            if opens == "factor":
                enroll(ada)
        inbox.deliver()
        secret = api.post("/api/auth/login/email", {"email": ADA["email"]}).json["request"]
        email = inbox.newest()
        return {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}

    expected = {"session": (200, 2), "account": (200, 1), "factor": (403, 1)}[opens]
    body = prepare()
    for call in crash_points(wire, api.post, url, body):
        body = prepare()
        crash(wire, call, api.post, url, body)
        assert (api.post(url, body).status, len(stored.sessions())) == expected
        stored.check()


def test_request_to_sign_in_can_be_repeated(ada: Api, api: Api, inbox: Inbox, wire: Wire) -> None:
    def request() -> None:
        api.post("/api/auth/login/email", {"email": ADA["email"]})

    for call in crash_points(wire, request):
        crash(wire, call, request)
        inbox.deliver()
        request()
        assert api.post("/api/auth/login/email/verify", {"token": inbox.newest().token}).status == 200
    assert ada.get("/api/auth/me").status == 200
