"""The project itself in the runner, and a browser that is asked afterwards what it had to complain about."""

import json
import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.browser.driver import Browser
from tests.local.harness import Running
from tests.support import ROOT

PASSWORD = "correct horse battery"
ADMIN = ("admin@example.com", PASSWORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("browser")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    environment = {"RATE_LIMIT_MULTIPLIER": "1000", "LOCAL_ADMIN_EMAIL": ADMIN[0], "LOCAL_ADMIN_PASSWORD": ADMIN[1]}
    with Running(ROOT / "template.yaml", tmp_path_factory.mktemp("data"), **environment) as running:
        yield running.ready()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not shutil.which("chromedriver"):
        pytest.skip("there is no chromedriver: `apt-get install chromium chromium-driver`, or what your system has")
    with Browser() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Browser]:
    """A tab that remembers nothing of the others."""
    with chromium.tab():
        chromium.complaints()
        chromium.hosts()
        yield chromium


@pytest.fixture
def browser(tab: Browser, running: Running) -> Iterator[Browser]:
    """A tab with the local page open, which has nothing to complain about and asks nobody else for anything."""
    tab.open(f"http://localhost:{running.port}/_local/")
    yield tab
    # Chromium itself notes every 4xx; those of the API are what a test has tried.
    refused = re.compile(r"http://localhost:\d+/api/\S+ - Failed to load resource")
    assert [complaint for complaint in tab.complaints() if not refused.match(complaint)] == []
    assert tab.hosts() == {"localhost"}


@pytest.fixture
def send_mail(running: Running) -> Callable[..., None]:
    """Gives a mail to SES."""

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
        headers = {"Authorization": running.aws.authorization("ses"), "Content-Type": "application/json"}
        status, _ = running.aws.http("POST", "/v2/email/outbound-emails", json.dumps(request), headers)
        assert status == 200

    return send
