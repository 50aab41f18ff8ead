"""`make deploy` and `make admin`, except for what `sam deploy` does."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from operations import admin, deploy
from operations.stack import OperationError, Stack
from tests.support import PASSWORD
from tests.support.api import Api

DEV = Stack.of_stage("default")
OUTPUTS = {
    "ApiUrl": "https://api.example.com",
    "MailFrom": "Shop <no-reply@example.com>",
    "ProxyKeySecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ProxyKey-a1B2c3",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


def test_stage_is_a_section_of_samconfig() -> None:
    assert Stack.of_stage("prod").name == "lambda-api-routes"
    with pytest.raises(OperationError, match="no stage staging, only default and prod"):
        Stack.of_stage("staging")


def test_unreadable_stack_error_names_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in {**nowhere, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OperationError, match="make deploy"):
        DEV.outputs()
    with pytest.raises(OperationError, match="make deploy"):
        DEV.load_environment("RegisterFunction")


@pytest.mark.usefixtures("aws")
def test_report_lists_unverified_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: True)
    report = deploy.report(DEV, OUTPUTS)
    assert "https://api.example.com/api/health" in report
    assert "create-email-identity --email-identity example.com" in report
    assert "make admin EMAIL=you@example.com" in report
    boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")
    monkeypatch.setattr(deploy, "_is_verified", lambda _, identity: identity == "example.com")
    assert "create-email-identity" not in deploy.report(DEV, OUTPUTS)


@pytest.mark.usefixtures("aws")
def test_report_lists_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: False)
    assert "sandbox" in deploy.report(DEV, OUTPUTS)


@pytest.mark.usefixtures("aws")
def test_report_has_the_command_that_shows_the_proxy_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: True)
    assert f"get-secret-value --secret-id {OUTPUTS['ProxyKeySecretArn']}" in deploy.report(DEV, OUTPUTS)


@pytest.mark.usefixtures("aws")
def test_report_names_the_stage_in_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: True)
    assert "EMAIL=you@example.com STAGE=prod" in deploy.report(Stack.of_stage("prod"), OUTPUTS)


@pytest.fixture
def deployed(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # the AWS behind the functions
    """A deployed stack; this process already has its functions' environment."""
    monkeypatch.setattr(Stack, "load_environment", lambda *_: None)
    monkeypatch.setattr(Stack, "outputs", lambda _: OUTPUTS)


@pytest.mark.usefixtures("deployed")
def test_created_administrator_can_sign_in(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    admin.main(DEV, "boss@example.com")
    assert api.signed_in("boss@example.com", PASSWORD).get("/api/users").status == 200
    assert PASSWORD not in capsys.readouterr().out


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("email", "password", "message"),
    [("nobody", PASSWORD, "EMAIL is not a valid"), ("boss@example.com", "password", "common|guess|known")],
)
def test_invalid_email_or_weak_password_is_rejected(
    email: str, password: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(OperationError, match=message):
        admin.main(DEV, email)


@pytest.mark.usefixtures("deployed")
def test_password_is_read_from_the_environment_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    with pytest.raises(OperationError, match="set ADMIN_PASSWORD"):
        admin.main(DEV, "boss@example.com")
