"""Leaves out of botocore's descriptions what only people read, and the endpoints of services that are not called.

Run by the layer's Makefile as `trim.py <botocore/data>`, when only the services that are called are left there. A
client is made from them at every cold start, and half of that time went into reading: every region of all of AWS, and
the documentation of each parameter. Operations, shapes, rules and endpoints stay as they are.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any


def without_words(value: Any) -> Any:
    """Give a description without its documentation, which is a text; a member of that name is none."""
    if isinstance(value, dict):
        return {
            key: without_words(inner)
            for key, inner in value.items()
            if not (key == "documentation" and isinstance(inner, str))
        }
    return [without_words(inner) for inner in value] if isinstance(value, list) else value


def without_others(endpoints: Any, services: set[str]) -> Any:
    """Give the regions of all partitions, and the endpoints there of these services alone, by endpoint prefix."""
    return {
        **endpoints,
        "partitions": [
            {**partition, "services": {key: own for key, own in partition["services"].items() if key in services}}
            for partition in endpoints["partitions"]
        ],
    }


def main() -> None:
    """Write what is left in place of what was there, not zipped: the layer is zipped as a whole."""
    data = Path(sys.argv[1])
    prefixes = set()
    for file in sorted(data.rglob("*.json*")):
        content = file.read_bytes()
        description = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
        if file.name.startswith("examples-"):
            file.unlink()
            continue
        if file.name.startswith("service-"):
            description = without_words(description)
            prefixes |= {description["metadata"]["endpointPrefix"]} if "metadata" in description else set()
        file.unlink()
        write(file.with_name(file.name.removesuffix(".gz")), description)
    endpoints = data / "endpoints.json"
    write(endpoints, without_others(json.loads(endpoints.read_bytes()), prefixes))


def write(file: Path, description: Any) -> None:
    file.write_text(json.dumps(description, separators=(",", ":")))


if __name__ == "__main__":
    main()
