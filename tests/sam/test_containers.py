"""The built functions in Lambda's containers: the README's tour, and an email from the outbox to SES."""

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from local.aws import REGION
from tests.local.harness import eventually
from tests.sam.conftest import Client, Lambda
from tests.sam.containers import Backend
from tests.support import PASSWORD
from tests.support.api import stream_record

OUTBOX = "OutboxTable"

pytestmark = pytest.mark.docker


def emails_to(backend: Backend, address: str) -> list[Mapping[str, Any]]:
    inbox = Client(backend.port).call("GET", "/_local/inbox.json").json
    return [email for email in inbox if email["to"] == address]


def entry(address: str, attempts: int) -> dict[str, Any]:
    """Return an entry of the outbox that the retry job does not touch: a link for an account to choose a password."""
    tomorrow = int(time.time()) + 86400
    return {
        "id": str(uuid.uuid4()),
        "kind": "recovery",
        "to": address,
        "details": {},
        "network": "",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "unsent": "waiting#0",
        "attempts": attempts,
        "retryAt": tomorrow,
        "giveUpAt": tomorrow,
        "expiresAt": tomorrow,
    }


def test_tour_of_the_readme_works_in_containers(start_api: Client, backend: Backend) -> None:
    assert start_api.call("GET", "/api/health").json["data"]["status"] == "ok"

    form = {"name": "Ada", "email": "ada.tour@example.com", "password": PASSWORD}
    registered = start_api.call("POST", "/api/auth/register", form)
    assert registered.status == 202
    email = eventually(lambda: emails_to(backend, "ada.tour@example.com"), what="the email")[0]
    link = re.search(r"\?token=([\w%-]+)", email["text"])
    assert link
    proof = {"token": unquote(link[1]), "registration": registered.json["registration"]}
    assert start_api.call("POST", "/api/auth/verify-email", proof).status == 200

    ada = start_api.signed_in("ada.tour@example.com", PASSWORD)
    me = ada.call("GET", "/api/auth/me").json["data"]["user"]
    assert (me["name"], me["emailVerified"]) == ("Ada", True)

    admin = start_api.signed_in(backend.admin_email, backend.admin_password)
    assert me["id"] in [user["id"] for user in admin.call("GET", "/api/users").json["data"]]
    assert ada.call("GET", "/api/users").status == 403

    renamed = ada.call("PATCH", f"/api/users/{me['id']}", {"name": "Ada Lovelace"})
    assert (renamed.status, renamed.json["data"]["name"]) == (200, "Ada Lovelace")
    wrong = ada.call("PUT", "/api/users", {})
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, POST")
    assert wrong.json["message"] == "Method PUT Not Allowed"

    assert ada.call("POST", "/api/auth/logout").status == 204
    assert ada.call("GET", "/api/auth/me").status == 401


def test_container_delivers_email_from_the_outbox(start_lambda: Lambda, backend: Backend) -> None:
    """The runner delivers new entries at once, so this one is stored as tried until only the container gets it."""
    table = boto3.resource(
        "dynamodb",
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{backend.aws_port}",
        aws_access_key_id=backend.credentials.key_id,
        aws_secret_access_key=backend.credentials.secret,
    ).Table(OUTBOX)
    address = backend.admin_email
    before = len(emails_to(backend, address))
    ours = entry(address, attempts=1)
    table.put_item(Item=ours)
    table.update_item(
        Key={"id": ours["id"]}, UpdateExpression="SET attempts = :none", ExpressionAttributeValues={":none": 0}
    )
    assert len(emails_to(backend, address)) == before

    record = stream_record({key: TypeSerializer().serialize(value) for key, value in ours.items()})
    assert start_lambda.invoke("DeliverEmailFunction", {"Records": [record]}) == {"batchItemFailures": []}
    assert len(emails_to(backend, address)) == before + 1
    assert "doneAt" in table.get_item(Key={"id": ours["id"]})["Item"]
