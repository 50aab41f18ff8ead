"""The power fails after any call to AWS: from the state that is left the user can go on, and nothing is orphaned."""

from collections.abc import Callable

import pytest

from shared.records import keys
from tests.conftest import PASSWORD, member
from tests.support import stored
from tests.support.api import Api, Inbox, Reply
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}
Renew = Callable[[], None]


def crashing(wire: Wire, flow: Callable[..., object], *given: object) -> list[int]:
    """Give the numbers of calls after which the flow can crash: the flow is done once, undisturbed, to count them."""
    keys.public_key("")  # read once and then remembered
    wire.reset()
    flow(*given)
    return list(range(1, len(wire.calls) + 1))


def crash(wire: Wire, call: int, flow: Callable[..., object], *given: object) -> None:
    wire.reset()
    wire.cut_power_after(call)
    with pytest.raises(PowerCut):
        flow(*given)
    wire.reset()
    stored.check()


def renewed(renew: Renew) -> None:
    renew()
    keys.memory.forget()


def is_in(inbox: Inbox) -> bool:
    """Register again if need be, confirm and sign in, as a user would who saw nothing of the crash."""
    api = Api()
    assert api.post("/api/auth/register", ADA).status == 202
    inbox.deliver()
    for mail in inbox.to(ADA["email"])[-1:]:
        if "token=" in mail.text:
            assert api.post("/api/auth/verify-email", {"token": mail.token}).status == 200
    stored.check()
    return api.signed_in(ADA["email"], PASSWORD).get("/api/auth/me").status == 200


def test_registering(api: Api, inbox: Inbox, wire: Wire, reset_moto: Renew) -> None:
    def flow() -> None:
        api.post("/api/auth/register", ADA)

    for again in (False, True):
        renewed(reset_moto)
        if again:
            flow()
        for call in crashing(wire, flow):
            renewed(reset_moto)
            if again:
                flow()
            crash(wire, call, flow)
            assert is_in(inbox)
            assert len(stored.profiles()) == 1


def test_confirming(api: Api, wire: Wire, reset_moto: Renew) -> None:
    for how in ("token", "code"):
        inbox = Inbox()

        def registered(inbox: Inbox = inbox, how: str = how) -> dict[str, str]:
            renewed(reset_moto)
            api.post("/api/auth/register", ADA)
            mail = inbox.newest()
            return {"token": mail.token} if how == "token" else {"email": ADA["email"], "code": mail.code}

        proof = registered()
        for call in crashing(wire, api.post, "/api/auth/verify-email", proof):
            proof = registered()
            crash(wire, call, api.post, "/api/auth/verify-email", proof)
            again = api.post("/api/auth/verify-email", proof)
            (user,) = stored.profiles()
            assert again.status == 200 or user["emailVerified"]
            assert api.signed_in(ADA["email"], PASSWORD).get("/api/auth/me").status == 200
        inbox.close()


def test_inviting(admin: Api, inbox: Inbox, wire: Wire) -> None:
    def flow(number: int) -> Reply:
        body = {"name": "Ben", "email": f"ben{number}@example.com"}
        return admin.post("/api/users", body, idempotency_key=f"key-{number}")

    for call in crashing(wire, flow, 0):
        keys.public_key("")
        crash(wire, call, flow, call)
        again = flow(call)
        assert again.status == 201
        assert len(inbox.to(f"ben{call}@example.com")) == 1
        stored.check()


def test_sending_a_form(api: Api, inbox: Inbox, wire: Wire) -> None:
    def flow(number: int) -> Reply:
        body = {"name": "Ben", "email": f"ben{number}@example.com", "message": "Hello"}
        return api.post("/api/contact", body, idempotency_key=f"key-{number}")

    def mails(number: int) -> int:
        return len([mail for mail in inbox.all() if mail.reply_to == [f"ben{number}@example.com"]])

    for call in crashing(wire, flow, 0):
        crash(wire, call, flow, call)
        assert flow(call).status == 201
        assert mails(call) == 1
        assert len(stored.items("SubmissionsTable")) == call + 1
        stored.check()
    for call in crashing(wire, flow, 100):
        wire.reset()
        wire.lose_answer_to(call)
        flow(100 + call)
        wire.reset()
        assert flow(100 + call).status == 201
        assert mails(100 + call) == 1
        stored.check()


def test_signing_in(api: Api, ada: Api, wire: Wire) -> None:
    def flow() -> None:
        keys.memory.forget()
        api.post("/api/auth/login", LOGIN)

    for call in crashing(wire, flow):
        before = len(stored.sessions())
        crash(wire, call, flow)
        # A session whose tokens nobody got is the worst of it: it is listed, and ends like any other.
        assert len(stored.sessions()) <= before + 1
        assert api.post("/api/auth/login", LOGIN).status == 200
    assert ada.post("/api/auth/logout", {"scope": "global"}).status == 204
    assert stored.sessions() == []


@pytest.mark.parametrize("change", [{"role": "admin"}, {"status": "disabled"}, {"name": "A"}])
def test_changing(admin: Api, api: Api, wire: Wire, change: dict[str, str]) -> None:
    def someone(number: int) -> str:
        user = member(api, "Ben", f"ben{number}@example.com")
        return f"/api/users/{user.get('/api/auth/me').json['data']['user']['id']}"

    place = someone(0)
    for call in crashing(wire, admin.patch, place, change):
        place = someone(call)
        crash(wire, call, admin.patch, place, change)
        assert admin.patch(place, change).status == 200
        assert admin.get(place).json["data"] | change == admin.get(place).json["data"]
        stored.check()


def test_closing(api: Api, inbox: Inbox, wire: Wire, reset_moto: Renew) -> None:
    def joined() -> tuple[Api, str]:
        renewed(reset_moto)
        user = member(api, "Ada", ADA["email"])
        return user, f"/api/users/{user.get('/api/auth/me').json['data']['user']['id']}"

    user, place = joined()
    for call in crashing(wire, user.delete, place):
        user, place = joined()
        crash(wire, call, user.delete, place)
        assert user.delete(place).status in {204, 401}
        assert stored.profiles() == stored.credentials() == stored.sessions() == []
        assert is_in(inbox)
