"""What `make build` prints about the layer's size."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from layers import sizes


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in (
        "bcrypt/__init__.py",
        "six.py",
        "__pycache__/six.cpython-313.pyc",
        "six-1.17.0.post0.dist-info/LICENSE",
    ):
        path = tmp_path / "python" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234567890")
    monkeypatch.setattr(sys, "argv", ["sizes.py", str(tmp_path)])
    return tmp_path


def test_every_file_belongs_to_a_package(layer: Path) -> None:
    unzipped, zipped, whole = sizes.sizes(layer)
    assert unzipped == {"bcrypt": 10, "six": 30}
    assert zipped.keys() == unzipped.keys()
    assert whole > sum(zipped.values())


@pytest.mark.usefixtures("layer")
def test_layer_of_the_allowed_size_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert sizes.main() == 0
    printed = capsys.readouterr()
    assert "Password hashes." in printed.out
    assert printed.err == ""


@pytest.mark.usefixtures("layer")
def test_larger_layer_fails_and_the_message_names_limit_and_cost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "MAX_SIZE", 10)
    assert sizes.main() == 1
    message = capsys.readouterr().err
    assert "more than MAX_SIZE in layers/sizes.py allows" in message
    assert "cold starts" in message
    assert "layers/shared/aws_services.py" in message


def test_message_lists_the_largest_packages() -> None:
    message = sizes.too_large(22_300_000, Counter({"numpy": 9_100_000, "six": 30_000}))
    assert "22.3 MB zipped: 2.3 MB more" in message
    assert "numpy (9.1), six (0.0)" in message
