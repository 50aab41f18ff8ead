"""An environment without the developer's AWS settings.

A profile, an endpoint for one service, or a line in ~/.aws/config would send what is meant for this machine to AWS.
"""

import os
from collections.abc import Mapping

# With these, botocore reads neither file, and asks no instance for credentials.
NO_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def without_aws_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without any setting for AWS, to which the caller adds its own."""
    kept = {name: value for name, value in environment.items() if not name.startswith(("AWS_", "BOTO_"))}
    return kept | NO_SETTINGS
