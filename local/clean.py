"""An environment without the developer's settings for AWS and for Python.

A profile, an endpoint for one service, or a line in ~/.aws/config would send what is meant for this machine to AWS.
With some settings of Python, a program does not find its modules, or ends at a dependency's first warning.
"""

import os
from collections.abc import Mapping

# With these, botocore reads neither file, and asks no instance for credentials.
NO_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# The same as in the Makefile.
_PYTHON = frozenset(
    {"PYTHONDEVMODE", "PYTHONHOME", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS"}
)


def inherited() -> dict[str, str]:
    """Return what MiniStack and the fork server get of this process's environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without any setting for AWS, to which the caller adds its own, and of Python."""
    kept = {
        name: value
        for name, value in environment.items()
        if name not in _PYTHON and not name.startswith(("AWS_", "BOTO_"))
    }
    return kept | NO_SETTINGS
