"""What CONTRIBUTING.md says about emails, in a copy of the project: a logo and a second language."""

import re
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.copies import run
from tests.support.slow import in_make_thorough

pytestmark = [pytest.mark.thorough, in_make_thorough]

MAIL = "layers/shared/shared/mail/templates"
DETAILS = "layers/shared/shared/values/details.py"
TEST = "tests/functions/test_language.py"


def test_logo_and_second_language_of_the_guide_work(copy: Path) -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Change an email")[2].partition("\n## ")[0]
    files = dict(re.findall(r"`([\w/]+\.\w+)`[^`]*```(?:python|jinja|text)\n(.*?)```", section, re.DOTALL))
    assert list(files) == [DETAILS, f"{MAIL}/de/verify_email.jinja", f"{MAIL}/de/below_button.txt", TEST]
    for name, text in files.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text, "utf-8")
    (logo,) = re.findall(r"```html\n(.*?)```", section, re.DOTALL)
    layout = (copy / MAIL / "layout.html").read_text("utf-8")
    (copy / MAIL / "layout.html").write_text(layout.replace("<h1", logo + "<h1", 1), "utf-8")
    unchanged = copy / "tests/shared/mail/test_messages.py"
    unchanged.write_text(unchanged.read_text("utf-8").replace('{"img", ', "{"), "utf-8")
    run(copy, "-m", "scaffold.sync")
    run(copy, "-m", "ruff", "check")
    run(copy, "-m", "mypy")
    tests = [TEST, "tests/scaffold/second_language.py", "tests/operations/test_docs.py", "tests/shared/values"]
    assert " passed" in run(copy, "-m", "pytest", "-q", "-n0", *tests)
    # The snapshots differ by the logo only, and are accepted.
    assert " passed" in run(copy, "-c", ACCEPT)
    assert " passed" in run(copy, "-m", "pytest", "-q", "-n0", "tests/shared/mail/test_messages.py")


ACCEPT = """
import os, subprocess, sys
command = [sys.executable, "-m", "pytest", "-q", "-n0", "tests/shared/mail/test_messages.py"]
sys.exit(subprocess.run(command, env={**os.environ, "SNAPSHOTS": "accept"}).returncode)
"""
