"""What the TypeScript client takes from docs/openapi.json. `make test-client` tests the client itself."""

import re
from pathlib import Path

import pytest

from scaffold import client


def test_operations_are_listed_by_what_they_take() -> None:
    key = {"name": "Idempotency-Key", "in": "header"}
    page = {"name": "limit", "in": "query"}
    document = {
        "paths": {
            "/api/notes": {
                "get": {"parameters": [page], "security": [{"accessToken": []}]},
                "post": {"parameters": [key], "security": [{"accessToken": []}]},
            },
            "/api/contact": {"post": {"parameters": [key]}},
            "/api/health": {"get": {}},
        }
    }
    keys, public = (re.findall(r'"(.+?)"', part) for part in client.operations(document).split("isPublic"))
    assert keys == ["POST /api/notes", "POST /api/contact"]
    assert public == ["POST /api/contact", "GET /api/health"]


def test_types_are_stale_when_the_document_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, types = tmp_path / "openapi.json", tmp_path / "schema.ts"
    monkeypatch.setattr(client, "FILE", document)
    monkeypatch.setattr(client, "FOLDER", tmp_path)
    monkeypatch.setattr(client, "TYPES", types)
    document.write_text("{}")
    assert not client.are_current()
    types.write_text(client._header() + "export interface paths {}")
    assert client.are_current()
    document.write_text("{ }")
    assert not client.are_current()


def test_project_without_the_client_has_nothing_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FOLDER", tmp_path / "clients")
    assert client.are_current()
