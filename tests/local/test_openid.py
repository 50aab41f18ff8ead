"""The runner's own OpenID provider, and the sign-in with it on the runner's stand-in for a front end."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from local.openid import USERS, LocalProvider
from tests.local.harness import Answer, RunnerProcess
from tests.local.test_stand_in import FRONT_END, HOME, email, form, submit
from tests.support import ROOT

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ADDRESS = "http://localhost:3000"
AUTHORIZE, TOKEN = "/_local/openid/authorize", "/_local/openid/token"
ENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
NAVIGATES = {"Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    parameters = ["--parameter-overrides", f"FrontendUrl={FRONT_END}"]
    data = tmp_path_factory.mktemp("data")
    with RunnerProcess(ROOT / "template.yaml", data, *parameters, RATE_LIMIT_MULTIPLIER="1000") as runner:
        yield runner.ready()


class Browser:
    """Follows redirects, with its cookies."""

    def __init__(self, runner: RunnerProcess) -> None:
        self._runner = runner
        self._cookies: dict[str, str] = {}

    def get(self, url: str) -> Answer:
        return self._follow(self._runner.request("GET", self._path(url), None, self._headers()))

    def submit(self, page: Answer, **typed: str) -> Answer:
        return self._follow(submit(self._runner, page, self._headers(), **typed))

    def _follow(self, answer: Answer) -> Answer:
        if cookie := answer.headers.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return self.get(answer.headers["location"]) if answer.status in {302, 303} else answer

    def _headers(self) -> dict[str, str]:
        return {**NAVIGATES, "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def _path(self, url: str) -> str:
        parts = urlsplit(url)
        assert parts.netloc in {"", f"localhost:{self._runner.port}"}, url
        return f"{parts.path}?{parts.query}"


def link_in(page: Answer, name: str) -> str:
    found = re.search(rf'<a href="([^"]+)">{name}</a>', page.body.decode())
    assert found, page.body.decode()
    return found[1]


def begin(browser: Browser) -> Answer:
    """Press the button of the stand-in's page. Return the provider's page."""
    return browser.get(link_in(browser.get(f"{HOME}/login"), "Sign in with Local provider"))


def test_sign_in_opens_an_account_and_finds_it_again(runner: RunnerProcess) -> None:
    for _ in range(2):
        browser = Browser(runner)
        page = browser.submit(begin(browser), user="grace")
        assert form(page)[1].keys() == {"code", "codeVerifier"}
        assert "You are signed in as Grace Hopper (grace@example.com, user)." in browser.submit(page).body.decode()


def test_anyone_signs_in_with_an_address_that_is_verified_or_not(runner: RunnerProcess) -> None:
    browser = Browser(runner)
    refused = browser.submit(begin(browser), email="barbara@example.com", name="Barbara")
    assert "<code>email_unverified</code>" in refused.body.decode()
    page = browser.submit(begin(browser), email="barbara@example.com", name="Barbara Liskov", verified="yes")
    assert "signed in as Barbara Liskov (barbara@example.com, user)" in browser.submit(page).body.decode()


def test_link_in_the_email_links_an_account_that_is_there(runner: RunnerProcess) -> None:
    submit(runner, runner.get(f"{HOME}/register"), name="Ada", email="ada@example.com", password="long enough for Ada")
    confirmation = email(runner, "Confirm")
    asked = submit(runner, runner.get(confirmation["links"][0]["opens"]))
    submit(runner, asked, password="long enough for Ada")

    browser = Browser(runner)
    refused = browser.submit(begin(browser), user="ada")
    assert "<code>link_required</code>" in refused.body.decode()
    assert "has a link that adds the provider" in refused.body.decode()
    (link,) = email(runner, "Local")["links"]
    assert link["opens"].startswith(f"{HOME}/auth/callback?code=")
    assert (
        "You are signed in as Ada (ada@example.com, user)." in browser.submit(browser.get(link["opens"])).body.decode()
    )


def test_code_without_its_verifier_signs_nobody_in(runner: RunnerProcess) -> None:
    browser = Browser(runner)
    page = browser.submit(begin(browser), user="grace")
    refused = submit(runner, page, codeVerifier="w" * 43)
    assert (refused.status, "<code>invalid_link</code>" in refused.body.decode()) == (400, True)


def test_cancelled_sign_in_says_so(runner: RunnerProcess) -> None:
    browser = Browser(runner)
    page = browser.submit(begin(browser), cancel="yes")
    assert "<code>access_denied</code>" in page.body.decode()
    assert "<form" not in page.body.decode()


def test_text_in_a_link_to_the_page_is_not_shown(runner: RunnerProcess) -> None:
    page = runner.get(f"{HOME}/auth/callback?{urlencode({'error': 'Call 0800 now'})}")
    assert (page.status, b"0800" in page.body) == (200, False)


def test_metadata_and_keys_are_published(runner: RunnerProcess) -> None:
    metadata = runner.get("/_local/openid/.well-known/openid-configuration").json
    assert metadata["issuer"] == f"http://localhost:{runner.port}/_local/openid"
    (key,) = runner.get(urlsplit(metadata["jwks_uri"]).path).json["keys"]
    assert (key["kty"], key["alg"], "d" in key) == ("EC", "ES256", False)


def test_other_pages_get_no_code(runner: RunnerProcess) -> None:
    browser = Browser(runner)
    page = begin(browser)
    policy = page.headers["content-security-policy"]
    assert policy.startswith(
        f"default-src 'none'; style-src 'self'; form-action 'self' {FRONT_END}; frame-ancestors 'none'"
    )
    assert submit(runner, page, {"Sec-Fetch-Site": "cross-site"}, user="ada").status == 403
    assert submit(runner, page, {"Origin": "https://evil.example"}, user="ada").status == 403
    changed = submit(runner, page, user="ada", redirect_uri="https://evil.example/")
    assert (changed.status, changed.headers.get("location")) == (400, None)


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method"]
)
def test_only_this_api_may_send_a_browser(runner: RunnerProcess, name: str) -> None:
    _, hidden = form(begin(Browser(runner)))
    assert runner.get(f"{AUTHORIZE}?{urlencode(hidden)}").status == 200
    answer = runner.get(f"{AUTHORIZE}?{urlencode({**hidden, name: 'plain'})}")
    assert (answer.status, f"this {name}." in answer.body.decode()) == (400, True)


def test_token_endpoint_takes_neither_browsers_nor_strangers(runner: RunnerProcess) -> None:
    assert runner.request("POST", TOKEN, "", ENCODED).json == {"error": "invalid_client"}
    for header in ({"Origin": f"http://localhost:{runner.port}"}, {"Sec-Fetch-Site": "same-origin"}):
        assert runner.request("POST", TOKEN, "", ENCODED | header).status == 403


def code_of(provider: LocalProvider) -> dict[str, str]:
    """Return the form that redeems a new code."""
    code = provider.code_for(USERS["edsger"], {"code_challenge": CHALLENGE, "nonce": "n"})
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": provider.callback,
    }


def test_code_is_valid_once_and_its_token_is_signed() -> None:
    provider = LocalProvider(ADDRESS)
    request = code_of(provider)
    token = provider.redeem(request)
    assert token is not None
    key = jwt.PyJWK(dict(provider.public_key))
    claims = jwt.decode(token, key, ["ES256"], audience="local-api", issuer=f"{ADDRESS}/_local/openid")
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == ("edsger@example.com", False, "n")
    assert provider.redeem(request) is None


@pytest.mark.parametrize("name", ["grant_type", "code", "code_verifier", "redirect_uri"])
def test_code_needs_all_that_belongs_to_it_and_is_used_by_a_failure(name: str) -> None:
    provider = LocalProvider(ADDRESS)
    request = code_of(provider)
    assert provider.redeem({**request, name: "other"}) is None
    assert (provider.redeem(request) is None) == (name != "code")


def test_code_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = LocalProvider(ADDRESS)
    request = code_of(provider)
    monkeypatch.setattr("local.openid._CODE_LIFETIME", -1)
    late = code_of(provider)
    assert provider.redeem(late) is None
    assert provider.redeem(request) is not None


def test_own_settings_of_providers_replace_it(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    acme = {"name": "Acme", "issuer": "https://login.acme.example", "clientId": "id"}
    settings.write_text(f"ProviderSecret='{json.dumps({'acme': acme})}'\n", encoding="utf-8")
    data = tmp_path / "data"
    with RunnerProcess(ROOT / "template.yaml", data, "--settings", str(settings)) as runner:
        assert runner.ready().get("/api/auth/providers").json["data"] == [{"id": "acme", "name": "Acme"}]


def test_identity_of_an_address_stays() -> None:
    first, second = (LocalProvider(ADDRESS) for _ in range(2))
    tokens = [provider.redeem(code_of(provider)) or "" for provider in (first, second)]
    subjects = {jwt.decode(token, options={"verify_signature": False})["sub"] for token in tokens}
    assert len(subjects) == 1
