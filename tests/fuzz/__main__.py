"""`make fuzz`: send the local API whatever docs/openapi.json allows and forbids, with schemathesis.

Every check is on but two. `positive_data_acceptance`: a schema cannot say every rule, such as which passwords are too
common. `unsupported_method`: API Gateway answers TRACE with 404 before a function sees it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scaffold.document import FILE
from tests.local.harness import RunnerProcess
from tests.support import ROOT

# Not those of the examples, which would lock the account or change its password.
_EMAIL = "fuzz@example.com"
_PASSWORD = "nobody else has this one"
_EXCLUDED = "positive_data_acceptance,unsupported_method"


def main() -> int:
    """Run for FUZZ_SECONDS (60). Return schemathesis' exit status."""
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    settings = {
        "RATE_LIMIT_MULTIPLIER": "100000",
        "LOCAL_ADMIN_EMAIL": _EMAIL,
        "LOCAL_ADMIN_PASSWORD": _PASSWORD,
    }
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with RunnerProcess(ROOT / "template.yaml", data, **settings) as runner:
            url = f"http://localhost:{runner.ready().port}"
            print(f"Fuzzing {url} for {seconds} s", flush=True)
            command = [
                str(ROOT / ".venv-checks/bin/schemathesis"),
                "run",
                str(FILE),
                "--url",
                url,
                "--max-time",
                seconds,
            ]
            options = ["--workers", "2", "--exclude-checks", _EXCLUDED, "--seed", "1"]
            variables = {
                **os.environ,
                "SCHEMATHESIS_HOOKS": str(ROOT / "tests/fuzz/hooks.py"),
                "FUZZ_URL": url,
                "FUZZ_EMAIL": _EMAIL,
                "FUZZ_PASSWORD": _PASSWORD,
            }
            return subprocess.run([*command, *options], cwd=folder, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
