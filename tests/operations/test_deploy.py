"""`make deploy` and `make admin`, except for what `sam deploy` does."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any, TypeAlias

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from samcli.cli.types import CfnParameterOverridesType

from operations import admin, deploy, issuer, retained
from operations.retained import Retained
from operations.stack import OperationError, Stack, override
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


@pytest.fixture(autouse=True)
def deployed_parameters(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The parameters of the deployed stack, to be changed by a test."""
    parameters = {"TokenIssuer": OUTPUTS["ApiUrl"]}
    monkeypatch.setattr(Stack, "deployed_parameters", lambda _: parameters)
    return parameters


@pytest.fixture
def _account_with_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "_concurrency_steps", list)


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


def test_layer_without_bytecode_is_deployed_only_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "SharedLayer" / "python" / "shared" / "__pycache__"
    module.mkdir(parents=True)
    with pytest.raises(OperationError, match=r"no Python 3.13 .* python install 3.13"):
        deploy.check_bytecode(tmp_path)
    with monkeypatch.context() as patch:
        patch.setenv("WITHOUT_BYTECODE", "1")
        deploy.check_bytecode(tmp_path)
    (module / "config.cpython-313.pyc").touch()
    deploy.check_bytecode(tmp_path)


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


@pytest.mark.usefixtures("aws")
def test_report_names_limits_that_fit_an_account_with_ten_concurrent_executions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: True)
    assert "HashingConcurrency" in _report_with_quota(10, monkeypatch)
    report = _report_with_quota(10, monkeypatch)
    assert "CostlyThrottlingRate=30, ThrottlingRate=250, CostlyThrottlingBurst=10 and ThrottlingBurst=10 " in report
    assert "concurrent executions" not in _report_with_quota(1000, monkeypatch)


def _report_with_quota(quota: int, monkeypatch: pytest.MonkeyPatch) -> str:
    make = boto3.client

    def client(service: str) -> Any:
        made: Any = make(service)  # type: ignore[call-overload]  # any service
        if service == "lambda":
            made.get_account_settings = lambda: {"AccountLimit": {"ConcurrentExecutions": quota}}
        return made

    with monkeypatch.context() as patch:
        patch.setattr(boto3, "client", client)
        return deploy.report(DEV, OUTPUTS)


@pytest.mark.usefixtures("_account_with_enough")
def test_report_with_sendgrid_alone_asks_nothing_of_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a region without SES, its endpoint does not exist."""
    monkeypatch.setattr(deploy, "_ses_steps", lambda _: pytest.fail("SES is asked"))
    report = deploy.report(replace(DEV, parameters={"MailProviders": "sendgrid"}), OUTPUTS)
    assert "docs/runbooks.md, SendGrid" in report


# What a deployment says before it begins, and when it fails


Run: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Deploy to production with this state of the stack and of its alarm. Returns the command that was run."""

    def deployment(
        *, before: str | None, after: str | None = None, fails: bool = False, alarm: str | None = "OK"
    ) -> list[str]:
        states, commands = [before, after], []

        def execute(command: list[str], **_: Any) -> CompletedProcess[str]:
            commands.append(command)
            return CompletedProcess(command, int(fails))

        def physical_name(_: Stack, name: str) -> str:
            if alarm is None:
                message = f"Resource {name} does not exist for stack"
                raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStackResource")
            return f"the-{name}"

        alarms = {"MetricAlarms": [{"StateValue": alarm}]}
        monkeypatch.setattr(deploy, "_account_and_region", lambda: ("111122223333", "eu-west-1"))
        monkeypatch.setattr(deploy, "check_bytecode", lambda _: None)
        monkeypatch.setattr(Stack, "status", lambda _: states.pop(0))
        monkeypatch.setattr(Stack, "physical_name", physical_name)
        monkeypatch.setattr(Stack, "outputs", lambda _: OUTPUTS)
        monkeypatch.setattr(boto3, "client", lambda _: SimpleNamespace(describe_alarms=lambda **_: alarms))
        monkeypatch.setattr(deploy, "report", lambda *_: "")
        monkeypatch.setattr(subprocess, "run", execute)
        deploy.main("prod")
        (command,) = commands
        return command

    monkeypatch.setattr(retained, "of_deleted", lambda _: None)
    return deployment


def test_alarm_that_is_on_does_not_stop_the_deployment_of_the_fix(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command = run(before="UPDATE_COMPLETE", alarm="ALARM")
    overrides = command[command.index("--parameter-overrides") + 1 :]
    assert "Deployment=AllAtOnce" in overrides
    assert "FrontendUrl=https://www.example.com" in overrides, "the other parameters are lost"
    assert "ServerErrorsAlarm is on" in capsys.readouterr().out


def test_deployment_is_gradual_while_the_alarm_is_off(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--parameter-overrides" not in run(before="UPDATE_COMPLETE")
    assert "alarm" not in capsys.readouterr().out


def test_stack_that_has_only_adopted_has_no_alarm_yet(run: Run) -> None:
    assert "--parameter-overrides" not in run(before="IMPORT_COMPLETE", alarm=None)


def test_second_deployment_makes_the_address_the_issuer_of_tokens_at_once(
    run: Run, deployed_parameters: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed_parameters["TokenIssuer"] = ""
    command = run(before="CREATE_COMPLETE")
    overrides = command[command.index("--parameter-overrides") + 1 :]
    assert {"TokenIssuer=https://api.example.com", "Deployment=AllAtOnce"} <= set(overrides)
    assert "FrontendUrl=https://www.example.com" in overrides, "the other parameters are lost"
    assert "Tokens issued before are rejected" in capsys.readouterr().out


URL, DOMAIN = "https://api.example.com", {"DomainName": "api.example.org"}
CHANGES: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str], str]] = {
    # What is deployed, what samconfig.toml has, the parameters that follow, and the new issuer if it changes.
    "chosen": ({"TokenIssuer": "https://a.example"}, {}, {}, ""),
    "set before": ({"TokenIssuer": URL}, {"DomainName": ""}, {}, ""),
    "of an older release": ({"TokenIssuer": "lambda-api-routes"}, {}, {"TokenIssuer": URL}, URL),
    "chosen now": ({"TokenIssuer": URL}, {"TokenIssuer": "https://a.example"}, {}, "https://a.example"),
    "a domain": (DOMAIN, DOMAIN, {}, ""),
    "a domain added": ({"TokenIssuer": URL}, DOMAIN, {"TokenIssuer": ""}, "https://api.example.org"),
    "another domain": ({"DomainName": "a.example"}, DOMAIN, {}, "https://api.example.org"),
    "a domain removed": (DOMAIN, {"DomainName": ""}, {"TokenIssuer": ""}, "lambda-api-routes"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_issuer_follows_domain_and_parameter_and_is_never_changed_gradually(
    change: str,
    deployed_parameters: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed, chosen, expected, new = CHANGES[change]
    deployed_parameters.clear()
    deployed_parameters.update(deployed)
    monkeypatch.setattr(Stack, "outputs", lambda _: OUTPUTS)
    found = issuer.parameters(replace(DEV, parameters=chosen))
    assert found == (expected | {"Deployment": "AllAtOnce"} if new else expected)
    assert (f"becomes {new};" in capsys.readouterr().out) == bool(new)


def test_values_reach_sam_cli_as_they_are() -> None:
    for value in ("a b", "", 'a "b" \\ c', "https://a.example,https://b.example", "plain"):
        read = CfnParameterOverridesType().convert((override(("AppName", value)),), None, None)
        assert read == {"AppName": value}


@pytest.mark.usefixtures("aws", "_account_with_enough")
def test_report_of_the_first_deployment_says_what_sets_the_issuer(
    deployed_parameters: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "_has_left_sandbox", lambda _: True)
    assert "issuer" not in deploy.report(DEV, OUTPUTS)
    deployed_parameters.clear()
    assert "deploy once more, which sets their issuer: make deploy STAGE=prod" in deploy.report(
        Stack.of_stage("prod"), OUTPUTS
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (None, "ROLLBACK_COMPLETE", "make discard STAGE=prod"),
        ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "is as it was before"),
        ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name lambda-api-routes`"),
        ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_IN_PROGRESS", "describe-stack-events"),
        (None, None, "There is no stack"),
    ],
)
def test_failed_deployment_says_what_it_has_left(run: Run, before: str | None, after: str | None, message: str) -> None:
    with pytest.raises(OperationError, match=message):
        run(before=before, after=after, fails=True)


def test_stack_whose_first_deployment_failed_is_not_deployed_again(run: Run) -> None:
    with pytest.raises(OperationError, match="make discard STAGE=prod"):
        run(before="ROLLBACK_COMPLETE")


def test_first_deployment_names_the_tables_of_a_deleted_stack(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = Retained("UsersTable", retained.TABLE, "lambda-api-routes-UsersTable-1ABC")
    monkeypatch.setattr(retained, "of_deleted", lambda _: ("arn:of:the:former", [left]))
    run(before=None)
    printed = capsys.readouterr().out
    assert left.id in printed
    assert "begins with empty tables" in printed
    assert "make adopt STAGE=prod" in printed


# The first administrator


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
