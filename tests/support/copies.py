"""Copies of the project, for tests that change its files."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

COMMIT = ["git", "-c", "user.name=Tests", "-c", "user.email=tests@example.com", "commit", "-qam"]


def clone(folder: Path) -> Path:
    """Return a clone of the project as it is, with the same environment."""
    project = folder / "copy"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(project)], check=True)
    changed = subprocess.run(["git", "diff", "--binary", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    if changed:
        subprocess.run(["git", "apply", "--index"], cwd=project, input=changed, check=True)
        subprocess.run([*COMMIT, "as it is"], cwd=project, check=True)
    for environment in (".venv", ".venv-ministack"):
        (project / environment).symlink_to(ROOT / environment)
    (project / ".git/info/exclude").write_text(".venv*\n")
    return project


def files_of_page(page: str, heading: str = "") -> dict[str, str]:
    """Return the text of each Python file that a page, or a section of it, shows, by its path."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        text = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"`([\w/]+\.py)`[^`]*```python\n(.*?)```", text, re.DOTALL))


def run(project: Path, *command: str, status: int = 0) -> str:
    """Run a command with the copy's Python. Return what it printed."""
    python = project / ".venv/bin" / Path(sys.executable).name
    done = subprocess.run([python, *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def git(project: Path, *command: str) -> str:
    return subprocess.run(["git", *command], cwd=project, capture_output=True, text=True, check=True).stdout


def errors_of(*paths: str) -> str:
    """Return the option -k that leaves out the documented errors of all paths but those with one of these names."""
    return " or ".join(["not test_error_is_answered_as_documented", *paths])
