"""Print what is in the built layer and why, as `make build` does.

Run it as `python layers/sizes.py <folder of the layer>`. The reasons are in shared/pyproject.toml, under
`tool.reasons`, or in the lock: which package needs which. It fails when the layer is larger than MAX_SIZE.
"""

import io
import re
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
MEGABYTE = 1_000_000
# Zipped, in bytes.
MAX_SIZE = 20 * MEGABYTE
# Packages whose folder has another name.
_DISTRIBUTIONS = {
    "_cffi_backend": "cffi",
    "aws_services": "shared",
    "dateutil": "python-dateutil",
    "jwt": "pyjwt",
    "wrapt-stubs": "wrapt",
}


def reasons() -> dict[str, str]:
    """Return why each package is there: as the project states it, or which packages need it."""
    lock = (HERE / "shared" / "requirements.txt").read_text()
    why = {}
    for entry in re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]:
        needed_by = re.findall(r"^ +# (?:via|  ) ?(?!-)([\w.-]+)$", entry, re.MULTILINE)
        why[entry.partition("==")[0]] = f"Needed by {', '.join(needed_by)}."
    project = tomllib.loads((HERE / "shared" / "pyproject.toml").read_text())
    return {**why, **project["tool"]["reasons"], "shared": "This project."}


def distribution(name: str) -> str:
    """Return the package that an entry of the layer's folder belongs to."""
    module = re.sub(r"\.(py|.*so)$|-[^-]+\.dist-info$", "", name)
    return _DISTRIBUTIONS.get(module, module.replace("_", "-"))


def owner(file: Path) -> str:
    """Return the package that a file of the layer belongs to, given its path below /opt."""
    top = file.parts[1]
    return distribution(file.name.partition(".")[0] if top == "__pycache__" else top)


def sizes(layer: Path) -> tuple[Counter[str], Counter[str], int]:
    """Return the bytes of each package unzipped and zipped, and those of the whole archive."""
    unzipped: Counter[str] = Counter()
    zipped: Counter[str] = Counter()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(file for file in layer.rglob("*") if file.is_file()):
            name = file.relative_to(layer)
            archive.write(file, name)
            unzipped[owner(name)] += file.stat().st_size
            zipped[owner(name)] += archive.infolist()[-1].compress_size
    return unzipped, zipped, len(buffer.getvalue())


def too_large(whole: int, zipped: Counter[str]) -> str:
    """Return the error message for a layer over the limit."""
    over = (whole - MAX_SIZE) / MEGABYTE
    largest = ", ".join(f"{package} ({size / MEGABYTE:.1f})" for package, size in zipped.most_common(5))
    return f"""
The layer has {whole / MEGABYTE:.1f} MB zipped: {over:.1f} MB more than MAX_SIZE in layers/sizes.py allows.
The largest packages, in MB: {largest}.

What it costs: Lambda downloads and unpacks the layer before the first request of each new environment, so cold starts
get slower with its size. Each deployment that changes the layer uploads and stores all of it (75 GB per region for all
versions of all functions and layers), and a function with its layers may have 250 MB unzipped at most.

To make it smaller, remove a dependency from layers/shared/pyproject.toml (`make lock`) or AWS services from
layers/shared/aws_services.py. What only one function needs can also be in a layer of its own. To accept the size, raise
MAX_SIZE.
"""


def main() -> int:
    """Print the table, the largest package first."""
    unzipped, zipped, whole = sizes(Path(sys.argv[1]))
    why = reasons()
    print("\nThe layer, in MB:")
    print(f"  {'package':<22} {'unzipped':>8} {'zipped':>7}   why")
    for package, size in unzipped.most_common():
        reason = why.get(package, "unknown")
        print(f"  {package:<22} {size / MEGABYTE:8.2f} {zipped[package] / MEGABYTE:7.2f}   {reason}")
    total = sum(unzipped.values()) / MEGABYTE
    print(f"  {'all':<22} {total:8.2f} {whole / MEGABYTE:7.2f}   of at most {MAX_SIZE // MEGABYTE} MB zipped")
    if whole <= MAX_SIZE:
        return 0
    print(too_large(whole, zipped), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
