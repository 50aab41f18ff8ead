"""`make sync`: derived files are current, and what is stale is named."""

import json
from pathlib import Path

import pytest

from scaffold import readme, sync
from scaffold.routes import routes
from tests.support import ROOT, records

pytestmark = pytest.mark.usefixtures("environment")


def test_derived_files_are_current() -> None:
    found = sync.derived(routes())
    stale = [file for file, text in found.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make sync`"
    assert list(sync.superfluous(found)) == []


def test_stale_and_superfluous_files_are_named_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sync, "ROOT", tmp_path)
    monkeypatch.setattr(sync, "EVENTS", tmp_path / "events")
    monkeypatch.setattr(sync, "_record", lambda **_: True)
    monkeypatch.setattr(sync, "derived", lambda _: {tmp_path / "events/users/get.json": "new"})
    old = tmp_path / "events/teams/get.json"
    kept = tmp_path / "events/jobs/retry/scheduled.json"
    for file in (old, kept):
        file.parent.mkdir(parents=True)
        file.write_text("old")
    assert sync.run(check=True) == 1
    output = capsys.readouterr()
    assert output.out == "events/users/get.json is stale\nevents/teams/get.json is stale\n"
    assert output.err == "Derived files are stale. Next: make sync\n"
    assert sync.run(check=False) == 0
    assert (tmp_path / "events/users/get.json").read_text() == "new"
    assert (old.exists(), kept.exists()) == (False, True)
    assert sync.run(check=True) == 0


def test_events_have_no_content_length() -> None:
    events = [json.loads(file.read_text()) for file in (ROOT / "events").glob("*/**/*.json")]
    assert [event for event in events if "content-length" in event.get("headers", {})] == []


def test_readme_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README.md has no <!-- routes: written by `make sync` -->"):
        readme.updated("# Title\n", [], {})


def test_recorded_file_that_is_stale_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "recorded.json"
    file.write_text('{"health": ["botocore"]}')
    monkeypatch.setattr(records, "ACCEPTS", False)
    with pytest.raises(AssertionError, match=r"recorded.json is stale: run `make sync`"):
        records.verify(file, {"health": []})
    monkeypatch.setattr(records, "ACCEPTS", True)
    records.verify(file, {"health": []})
    assert file.read_text() == '{\n  "health": []\n}\n'
