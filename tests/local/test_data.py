"""The directory of the local data: who may use it, and its deletion."""

from pathlib import Path

import pytest

from local import data
from local.errors import RunnerError


def test_directory_is_for_this_user_only(tmp_path: Path) -> None:
    with data.opened(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_data_in_use_is_not_deleted(tmp_path: Path) -> None:
    with data.opened(tmp_path), pytest.raises(RunnerError, match=r"Another runner \(process \d+\) .* Stop it"):
        data.delete(tmp_path)
    assert (tmp_path / "lock").exists()
    data.delete(tmp_path)
    assert not tmp_path.exists()


def test_data_that_does_not_exist_is_deleted_already(tmp_path: Path) -> None:
    data.delete(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_directory_of_somebody_else_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    refused = pytest.raises(RunnerError, match=r"cannot be used \(Operation not permitted\)\. Make it a directory")
    with refused, data.opened(tmp_path):
        pass


def test_file_in_its_place_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(RunnerError, match=r"cannot be used \(File exists\)"), data.opened(tmp_path / "data"):
        pass
