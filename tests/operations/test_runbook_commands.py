"""Every command of the runbooks is run by the rehearsal, or named as one that it cannot run; all are valid."""

import re
import shlex

import pytest

from operations.stack import ROOT
from tests.rehearsal import aws_cli, runbook

SECTIONS = runbook.sections()
COMMANDS = sorted({(name, command) for name, section in SECTIONS.items() for command in section.commands})
# The first block, before any section, has the functions that the others use.
BLOCKS = [(name, block) for name, section in SECTIONS.items() for block in section.blocks if name]


def is_named_as_not_run(command: str) -> bool:
    return any(command.startswith(known) for known in runbook.NOT_RUN)


def test_rehearsed_sections_exist() -> None:
    assert SECTIONS.keys() >= runbook.RUN
    assert all(section.blocks or section.commands for name, section in SECTIONS.items() if name in runbook.RUN)


@pytest.mark.parametrize(("section", "block"), BLOCKS)
def test_block_is_rehearsed_or_named(section: str, block: str) -> None:
    assert section in runbook.RUN or is_named_as_not_run(block)


@pytest.mark.parametrize(("section", "command"), COMMANDS)
def test_command_in_the_text_is_rehearsed_or_named(section: str, command: str) -> None:
    run_elsewhere = any(command in SECTIONS[name].commands for name in runbook.RUN)
    assert section in runbook.RUN or run_elsewhere or is_named_as_not_run(command)


def test_commands_that_are_not_run_are_in_the_page_and_listed_with_the_rehearsal() -> None:
    text = " ".join((ROOT / "docs/runbooks.md").read_text(encoding="utf-8").split())
    listed = (ROOT / "docs/rehearsal.md").read_text(encoding="utf-8")
    for command in runbook.NOT_RUN:
        assert command in text, command
        assert f"`{command}`" in listed, command


# `aws sso login` is not an operation of a service.
AWS = sorted({command for _, command in COMMANDS if command.startswith("aws ")} - {"aws sso login"})


@pytest.mark.parametrize("command", AWS)
def test_aws_command_names_an_operation_and_options_that_exist(command: str) -> None:
    aws_cli.parse(shlex.split(command)[1:])


def test_commands_in_the_output_of_make_deploy_are_valid() -> None:
    source = (ROOT / "operations/deploy.py").read_text(encoding="utf-8")
    (quota,) = re.findall(r"aws (service-quotas .*?--desired-value \d+)", re.sub(r'"\s+f?"', "", source))
    assert aws_cli.parse(shlex.split(quota)).operation == "RequestServiceQuotaIncrease"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("dynamodb drop-table --table-name a", "no operation"),
        ("dynamodb delete-table --name a", "no option --name"),
        ("dynamodb delete-table", "lacks TableName"),
        ("dynamo delete-table --table-name a", "no service"),
    ],
)
def test_invalid_command_is_found(words: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        aws_cli.parse(words.split())
