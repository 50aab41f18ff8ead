"""The project itself in the runner, and a browser whose console is checked after each test."""

import json
import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.browser.driver import Browser
from tests.local.harness import RunnerProcess
from tests.support import PASSWORD, ROOT

ADMIN = ("admin@example.com", PASSWORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("browser")


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    environment = {"RATE_LIMIT_MULTIPLIER": "1000", "LOCAL_ADMIN_EMAIL": ADMIN[0], "LOCAL_ADMIN_PASSWORD": ADMIN[1]}
    with RunnerProcess(ROOT / "template.yaml", tmp_path_factory.mktemp("data"), **environment) as runner:
        yield runner.ready()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not shutil.which("chromedriver"):
        pytest.skip(
            "chromedriver is not installed: `apt-get install chromium chromium-driver`, or your system's packages"
        )
    with Browser() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Browser]:
    """A new tab, without the storage of earlier ones."""
    with chromium.tab():
        # Discard what earlier tests logged.
        chromium.console_messages()
        chromium.hosts()
        yield chromium


@pytest.fixture
def browser(tab: Browser, runner: RunnerProcess) -> Iterator[Browser]:
    """A tab with the local page. Fails if the console has warnings or errors, or another host receives a request."""
    tab.open(f"http://localhost:{runner.port}/_local/")
    yield tab
    # Chromium logs every 4xx response. Those of the API, to invalid items and to sign-ins are intended by the tests.
    expected = re.compile(
        r"http://localhost:\d+/(api/\S+|_local/(tables/\w+/item|sign-in)\.json) - Failed to load resource"
    )
    assert [message for message in tab.console_messages() if not expected.match(message)] == []
    assert tab.hosts() == {"localhost"}


@pytest.fixture
def send_email(runner: RunnerProcess) -> Callable[..., None]:
    """Send an email through SES."""

    def send(to: str, subject: str, text: str = "Hello", html: str = "<p>Hello</p>") -> None:
        body = {"Text": {"Data": text}, "Html": {"Data": html}}
        request = {
            "FromEmailAddress": "no-reply@example.com",
            "ReplyToAddresses": ["answers@example.com"],
            "Destination": {"ToAddresses": [to]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": subject},
                    "Body": body,
                    "Headers": [{"Name": "X-Outbox-Id", "Value": "entry-7"}],
                }
            },
        }
        headers = {"Authorization": runner.aws.authorization("ses"), "Content-Type": "application/json"}
        status, _ = runner.aws.http("POST", "/v2/email/outbound-emails", json.dumps(request), headers)
        assert status == 200

    return send
