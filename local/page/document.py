"""The project's OpenAPI document, which describes its routes: `docs/openapi.json` beside the template."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Document:
    """The document in a file, read again when the file has changed. Thread-safe. The file may be missing or invalid."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version = ""
        self._content: dict[str, Any] | None = None
        self._problem = ""
        self._secret_names: frozenset[str] = frozenset()

    def news(self, known_version: str) -> dict[str, Any]:
        """Return {version, problem}, and `document` unless this version is known. Without a document it is None."""
        with self._lock:
            self._read_if_changed()
            news = {"version": self._version, "problem": self._problem}
            return news if known_version == self._version else {**news, "document": self._content}

    @property
    def secret_names(self) -> frozenset[str]:
        """The names of the fields that the document marks as secret: with `format: password` or `writeOnly`."""
        with self._lock:
            self._read_if_changed()
            return self._secret_names

    def _read_if_changed(self) -> None:
        try:
            status = self._path.stat()
            version = f"{status.st_mtime_ns}-{status.st_size}"
        except OSError:
            version = "none"
        if version == self._version:
            return
        self._version = version
        self._content, self._problem = self._read()
        self._secret_names = frozenset(_secret_names(self._content))

    def _read(self) -> tuple[dict[str, Any] | None, str]:
        name = f"{self._path.parent.name}/{self._path.name}"
        try:
            content = json.loads(self._path.read_bytes())
        except OSError:
            return None, f"There is no {name}, so the routes are those of the template, without a description."
        except (ValueError, RecursionError) as problem:
            return None, f"{name} is not valid JSON ({problem}), so the routes are those of the template."
        if not isinstance(content, dict) or not isinstance(content.get("paths"), dict):
            return None, f"{name} has no `paths`, so the routes are those of the template."
        return content, ""


def _secret_names(value: Any) -> Iterator[str]:
    """Yield the names of the secret properties in all schemas."""
    if isinstance(value, dict):
        properties = value.get("properties")
        if isinstance(properties, dict):
            yield from (name for name, schema in properties.items() if _is_secret(schema))
        for each in value.values():
            yield from _secret_names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _secret_names(each)


def _is_secret(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    alternatives = [each for name in ("anyOf", "oneOf", "allOf") for each in schema.get(name) or ()]
    return schema.get("format") == "password" or schema.get("writeOnly") is True or any(map(_is_secret, alternatives))
