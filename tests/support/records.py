"""What tests record in files: compared in a normal run, written with SYNC=accept (`make sync`)."""

import json
import os
from pathlib import Path
from typing import Any

ACCEPTS = os.environ.get("SYNC") == "accept"


def verify(file: Path, found: dict[str, Any]) -> None:
    """Verify that the file has what was found, or write it."""
    if ACCEPTS:
        lines = [f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == found, f"{file.name} is stale: run `make sync`"
