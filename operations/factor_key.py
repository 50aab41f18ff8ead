"""`make factor-key`: add a key to the secret that protects second factors.

New content is protected with it, and what an earlier key has sealed is sealed anew when it is used. The earlier keys
stay: what they protect must stay readable. With FROM, the keys of another stack's secret are added as earlier ones, for
items that were copied from its table.
"""

import argparse
import json
import secrets
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations.stack import OperationError, Stack

# As many characters as template.yaml has for the first key.
_SIZE = 64


def main(stack: Stack, other: str = "") -> None:
    """Add a new key, or those of another secret. Raises OperationError if a secret cannot be read or written."""
    client = boto3.client("secretsmanager")
    try:
        secret = stack.physical_name("FactorKeySecret")
        stored = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        if other:
            found = json.loads(client.get_secret_value(SecretId=other)["SecretString"])
            known = {stored["current"], *stored["earlier"]}
            added = [key for key in (found["current"], *found["earlier"]) if key not in known]
            stored = {"current": stored["current"], "earlier": [*stored["earlier"], *added]}
        else:
            new = secrets.token_hex(_SIZE // 2)
            stored = {"current": new, "earlier": [stored["current"], *stored["earlier"]]}
        client.put_secret_value(SecretId=secret, SecretString=json.dumps(stored))
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(f"The secret cannot be read or written: {problem}.") from problem
    print(f"The secret has {1 + len(stored['earlier'])} keys. Functions use it within five minutes.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make factor-key", description="Add a key that protects second factors.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("--from", dest="other", default="", help="a secret whose keys are added as earlier ones")
    arguments = parser.parse_args()
    try:
        main(Stack.of_stage(arguments.stage), arguments.other)
    except OperationError as problem:
        sys.exit(str(problem))
