"""The stored password of the admin."""

from pathlib import Path

import pytest

from local import admin
from tests.local.harness import size_limit


def test_password_that_does_not_fit_on_the_disk_is_not_half_stored(tmp_path: Path) -> None:
    with size_limit(3), pytest.raises(OSError, match="File too large"):
        admin.stored_password(tmp_path)
    password = admin.stored_password(tmp_path)
    assert len(password) > 10
    assert admin.stored_password(tmp_path) == password
