"""What only `make thorough` runs, because it takes a minute and something like it runs in `.ci/run` too."""

import os

import pytest

in_make_thorough = pytest.mark.skipif(os.environ.get("SLOWEST") != "1", reason="make thorough runs it (SLOWEST=1)")
