"""A copy of the project for tests that change it."""

from pathlib import Path

import pytest

from tests.support.copies import clone


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return clone(tmp_path)
