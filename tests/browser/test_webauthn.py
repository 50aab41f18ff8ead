"""Passkeys that Chromium makes with a virtual authenticator (WebAuthn Level 3, 11), accepted by all three verifiers."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.values import base64url, webauthn
from shared.values.webauthn import Rejected, RelyingParty
from tests.browser.driver import Browser
from tests.browser.front_end import FrontEnd, Handler
from tests.support.authenticator import ALGORITHMS
from tests.support.verifiers import OTHERS, OURS

CHALLENGE = bytes(range(32))
# `localhost` may use passkeys without TLS.
CREATION: dict[str, Any] = {
    "rp": {"id": "localhost", "name": "Example"},
    "user": {"id": base64url.encode(b"0123456789abcdef"), "name": "ada@example.com", "displayName": "Ada"},
    "challenge": base64url.encode(CHALLENGE),
    "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
    "attestation": "none",
}
REQUEST = {"rpId": "localhost", "challenge": base64url.encode(CHALLENGE), "userVerification": "required"}
CREATE = """
return navigator.credentials
  .create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(arguments[0]) })
  .then((credential) => credential.toJSON(), String);
"""
GET = """
return navigator.credentials
  .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(arguments[0]) })
  .then((credential) => credential.toJSON(), String);
"""


@pytest.fixture(scope="module")
def front_end() -> Iterator[FrontEnd]:
    with FrontEnd(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def origin(tab: Browser, front_end: FrontEnd) -> str:
    """The origin of the page that the tab shows."""
    origin = f"http://localhost:{front_end.server_port}"
    tab.open(f"{origin}/")
    return origin


@pytest.fixture
def party(origin: str) -> RelyingParty:
    return RelyingParty("localhost", frozenset({origin}))


@contextlib.contextmanager
def authenticator(browser: Browser, **options: object) -> Iterator[str]:
    """Plug a virtual authenticator in (WebAuthn Level 3, 11.3). Yields its id."""
    usual = {
        "protocol": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    made = browser.call("POST", "webauthn/authenticator", usual | options)
    try:
        yield str(made)
    finally:
        browser.call("DELETE", f"webauthn/authenticator/{made}")


def create(browser: Browser, *algorithms: int, **options: Any) -> dict[str, Any]:
    wanted = [{"type": "public-key", "alg": algorithm} for algorithm in algorithms or ALGORITHMS]
    credential = browser.run(CREATE, CREATION | {"pubKeyCredParams": wanted} | options)
    assert isinstance(credential, dict), credential
    return credential


def get(browser: Browser) -> dict[str, Any]:
    credential = browser.run(GET, REQUEST)
    assert isinstance(credential, dict), credential
    return credential


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("transport", ["internal", "usb"])
def test_passkey_of_chromium_is_registered_and_signs_in_with_all_verifiers(
    tab: Browser, party: RelyingParty, algorithm: int, transport: str
) -> None:
    with authenticator(tab, transport=transport):
        registration = create(tab, algorithm)
        assert registration["response"]["publicKeyAlgorithm"] == algorithm
        public_key = OURS.register(registration, CHALLENGE, party)
        assertion = get(tab)
        assert assertion["id"] == registration["id"]
        assert assertion["response"]["userHandle"] == CREATION["user"]["id"]
        OURS.authenticate(assertion, CHALLENGE, public_key, party)
        for other in OTHERS.values():
            other.register(registration, CHALLENGE, party)
            other.authenticate(assertion, CHALLENGE, public_key, party)


def test_counter_and_backup_state_of_chromium_are_read(tab: Browser, party: RelyingParty) -> None:
    with authenticator(tab, defaultBackupEligibility=True, defaultBackupState=True):
        public_key = OURS.register(create(tab), CHALLENGE, party)
        first, second = (OURS.authenticate(get(tab), CHALLENGE, public_key, party) for _ in range(2))
    assert isinstance(first, webauthn.Assertion)
    assert isinstance(second, webauthn.Assertion)
    assert (first.backup_eligible, first.backed_up) == (True, True)
    assert second.sign_count == first.sign_count + 1


def test_attestation_that_was_not_asked_for_is_not_sent(tab: Browser, party: RelyingParty) -> None:
    with authenticator(tab, transport="usb"):
        attested = create(tab, attestation="direct")
        with pytest.raises(Rejected, match="attestation statement"):
            OURS.register(attested, CHALLENGE, party)
        OURS.register(create(tab), CHALLENGE, party)


def test_user_that_is_not_verified_is_rejected(tab: Browser, party: RelyingParty) -> None:
    with authenticator(tab, transport="usb", hasUserVerification=False):
        discouraged = {"residentKey": "discouraged", "userVerification": "discouraged"}
        registration = create(tab, authenticatorSelection=discouraged)
        with pytest.raises(Rejected, match="not verified"):
            OURS.register(registration, CHALLENGE, party)


def test_page_in_a_frame_of_another_site_is_rejected(tab: Browser, origin: str, party: RelyingParty) -> None:
    """127.0.0.1 is another site than localhost. The frame is allowed to use passkeys by the page around it."""
    with authenticator(tab):
        public_key = OURS.register(create(tab), CHALLENGE, party)
        tab.open(origin.replace("localhost", "127.0.0.1"))
        tab.run(
            """const frame = document.createElement("iframe");
            frame.allow = "publickey-credentials-get";
            frame.src = arguments[0];
            document.body.append(frame);""",
            origin,
        )
        frame = tab.until(lambda: tab.run("return document.querySelector('iframe')"), "the frame")
        tab.call("POST", "frame", {"id": frame})
        tab.until(lambda: tab.run("return document.querySelector('form') && location.origin") == origin, "the page")
        assertion = get(tab)
        tab.call("POST", "frame", {"id": None})
        with pytest.raises(Rejected, match="embedded in another site"):
            OURS.authenticate(assertion, CHALLENGE, public_key, party)
