"""What is in the built layer, and why: a table, as `make build` prints it.

Run as `python layers/sizes.py <folder of the layer>`. Reasons stand in shared/pyproject.toml, under `tool.reasons`;
who else needs a package is in its lock. Fails where the layer is larger than Lambda functions should have to load.
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
LARGEST = 15 * MEGABYTE
# Packages whose modules are not called as they are.
_DISTRIBUTIONS = {"_cffi_backend": "cffi", "dateutil": "python-dateutil", "jwt": "pyjwt"}


def reasons() -> dict[str, str]:
    """Give why each package is there: what the project says, or which packages need it."""
    lock = (HERE / "shared" / "requirements.txt").read_text()
    why = {}
    for entry in re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]:
        needed_by = re.findall(r"^ +# (?:via|  ) ?(?!-)([\w.-]+)$", entry, re.MULTILINE)
        why[entry.partition("==")[0]] = f"Needed by {', '.join(needed_by)}."
    project = tomllib.loads((HERE / "shared" / "pyproject.toml").read_text())
    return {**why, **project["tool"]["reasons"], "shared": "This project."}


def distribution(name: str) -> str:
    """Give the package that an entry of the layer's folder belongs to."""
    module = re.sub(r"\.(py|.*so)$|-[\d.]+\.dist-info$", "", name)
    return _DISTRIBUTIONS.get(module, module.replace("_", "-"))


def sizes(layer: Path) -> tuple[Counter[str], Counter[str], int]:
    """Give each package's bytes as they are and zipped, and the bytes of the whole archive."""
    unzipped: Counter[str] = Counter()
    zipped: Counter[str] = Counter()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(layer.rglob("*")):
            if not file.is_file():
                continue
            name = file.relative_to(layer)
            package = distribution(name.parts[1])
            if package == "--pycache--":
                package = distribution(name.name.partition(".")[0])
            archive.write(file, name)
            unzipped[package] += file.stat().st_size
            zipped[package] += archive.infolist()[-1].compress_size
    return unzipped, zipped, len(buffer.getvalue())


def main() -> int:
    """Print the table, the largest first."""
    unzipped, zipped, whole = sizes(Path(sys.argv[1]))
    why = reasons()
    print("\nThe layer, in MB:")
    print(f"  {'package':<22} {'unzipped':>8} {'zipped':>7}   why")
    for package, size in unzipped.most_common():
        told = why.get(package, "nobody says")
        print(f"  {package:<22} {size / MEGABYTE:8.2f} {zipped[package] / MEGABYTE:7.2f}   {told}")
    total = sum(unzipped.values()) / MEGABYTE
    print(f"  {'all':<22} {total:8.2f} {whole / MEGABYTE:7.2f}   of {LARGEST // MEGABYTE} MB zipped at the most")
    return 0 if whole < LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
