"""What somebody with nothing but SAM CLI does in this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT


@pytest.mark.thorough
def test_template_is_valid_without_the_rules_of_this_projects_environment(tmp_path: Path) -> None:
    rules = tmp_path / "cfn_lint_serverless"
    rules.mkdir()
    (rules / "__init__.py").write_text('raise ImportError("not installed")')
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sam")), "validate", "--lint"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout
