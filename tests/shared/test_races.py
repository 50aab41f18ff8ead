"""Many callers at once, against MiniStack, whose transactions are isolated as DynamoDB's are."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from local.template import Project
from shared import accounts, aws, credentials, delivery, keys
from shared.outbox import Entry
from shared.tables import decoded
from tests import conftest, stored
from tests.api import Api, Inbox, Reply, routes
from tests.conftest import ADMIN_EMAIL, PASSWORD

MINISTACK = conftest.ROOT / ".venv-ministack" / "bin" / "ministack"
ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}

pytestmark = pytest.mark.skipif(not MINISTACK.exists(), reason="MiniStack is not installed: make environments")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MiniStack of our own, on a free port of loopback, that forgets everything: its address."""
    folder = tmp_path_factory.mktemp("ministack")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "dynamodb,secretsmanager,ses",
        "PERSIST_STATE": "0",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([MINISTACK], env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).close()  # noqa: S310  # ours, on loopback
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def ministack_tables(ministack: str, project: Project, variables: Mapping[str, str]) -> str:
    """The template's tables in MiniStack, and its secret with a first key."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**variables, "AWS_ENDPOINT_URL": ministack}.items():
            patch.setenv(name, value)
        conftest.forget_clients()
        for name, properties in project.tables.items():
            conftest.create_table(name, properties)
        for name in project.secrets:
            aws.secretsmanager().create_secret(Name=name, SecretString="{}")
        aws.sesv2().create_email_identity(EmailIdentity=variables["MAIL_FROM"])
        conftest.config.settings.cache_clear()
        keys.memory.forget()
        conftest.rotate()
        conftest.forget_clients()
    return ministack


@pytest.fixture
def cloud(ministack_tables: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The template's tables in MiniStack, empty, with real waiting; in place of moto's."""
    assert environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack_tables)
    conftest.forget_clients()
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(aws.Config(max_pool_connections=64)))
    keys.memory.forget()
    for table in set(stored.TABLES) - {"PublicKeysTable"}:
        for item in _keys(table):
            aws.dynamodb().delete_item(TableName=table, Key=item)
    routes()
    yield
    conftest.forget_clients()
    keys.memory.forget()


def _keys(table: str) -> list[dict[str, Any]]:
    schema = aws.dynamodb().describe_table(TableName=table)["Table"]["KeySchema"]
    names = [part["AttributeName"] for part in schema]
    return [{name: item[name] for name in names} for item in aws.dynamodb().scan(TableName=table)["Items"]]


def at_once(*calls: Callable[[], Reply]) -> list[Reply]:
    """Make all calls at the same moment; give the answers in their order."""
    start = Barrier(len(calls))

    def make(call: Callable[[], Reply]) -> Reply:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(make, calls))


def statuses(replies: Sequence[Reply]) -> list[int]:
    return sorted(reply.status for reply in replies)


def place(caller: Api) -> str:
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def second_admin(api: Api) -> Api:
    accounts.ensure_admin("second@example.com", PASSWORD)
    return api.signed_in("second@example.com", PASSWORD)


def test_32_registrations_of_one_address_are_one_account(api: Api, inbox: Inbox) -> None:
    passwords = [f"password number {number}" for number in range(32)]
    replies = at_once(*(lambda p=p: api.post("/api/auth/register", {**ADA, "password": p}) for p in passwords))  # type: ignore[misc]
    assert set(statuses(replies)) <= {202, 503}
    accepted = statuses(replies).count(202)
    assert accepted >= 24
    stored.check()
    assert len(stored.profiles()) == len(stored.credentials()) == 1
    assert len(stored.items("OutboxTable")) == accepted
    mails = inbox.all()
    assert [mail.to for mail in mails] == [ADA["email"]] * accepted
    outcomes = [api.post("/api/auth/verify-email", {"token": mail.token}).status for mail in mails]
    assert outcomes == [400] * (accepted - 1) + [200]
    logins = [api.post("/api/auth/login", {**LOGIN, "password": password}).status for password in passwords]
    assert sorted(logins) == [200] + [401] * 31
    assert replies[logins.index(200)].status == 202
    stored.check()
    assert stored.items("OneTimeTokensTable") == []


def test_no_session_survives_disabling_however_many_sign_in_meanwhile(admin: Api, ada: Api) -> None:
    url = place(ada)
    replies = at_once(
        lambda: admin.patch(url, {"status": "disabled"}), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16
    )
    assert replies[0].status == 200
    assert set(statuses(replies[1:])) <= {200, 401}
    assert all(session["role"] == "admin" for session in stored.sessions())
    stored.check()
    for reply in replies[1:]:
        if reply.status == 200:
            assert Api().with_token(reply.json["token"]).get("/api/auth/me").status == 401


def test_no_session_outlives_its_account(admin: Api, ada: Api) -> None:
    url = place(ada)
    replies = at_once(lambda: admin.delete(url), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16)
    assert replies[0].status == 204
    assert set(statuses(replies[1:])) <= {200, 401}
    stored.check()
    assert len(stored.profiles()) == 1
    assert all(session["role"] == "admin" for session in stored.sessions())


def test_every_session_has_the_new_role_however_many_sign_in_meanwhile(admin: Api, ada: Api) -> None:
    url = place(ada)
    replies = at_once(lambda: admin.patch(url, {"role": "admin"}), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16)
    assert statuses(replies) == [200] * 17
    stored.check()


def test_one_link_confirms_once_however_often_at_once(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", ADA)
    token = inbox.newest().token
    replies = at_once(*[lambda: api.post("/api/auth/verify-email", {"token": token})] * 16)
    assert statuses(replies) == [200] + [400] * 15
    stored.check()


def test_a_code_has_five_tries_however_many_at_once(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", ADA)
    code = inbox.newest().code
    wrong = [f"{(int(code) + 1 + number) % 10**6:06}" for number in range(24)]
    replies = at_once(
        *(lambda c=c: api.post("/api/auth/verify-email", {"email": ADA["email"], "code": c}) for c in wrong)
    )  # type: ignore[misc]
    assert set(statuses(replies)) <= {400, 503}
    (token,) = stored.items("OneTimeTokensTable")
    assert token["codeTries"] == 5
    assert api.post("/api/auth/verify-email", {"email": ADA["email"], "code": code}).status == 400


def test_two_admins_who_demote_each_other_leave_one(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = place(admin), place(other)
    for change in ({"role": "user"}, {"status": "disabled"}):
        replies = at_once(lambda c=change: admin.patch(theirs, c), lambda c=change: other.patch(mine, c))  # type: ignore[misc]
        assert 200 in statuses(replies)
        assert statuses(replies)[1] in {401, 403, 409}
        stored.check()
        for email in (ADMIN_EMAIL, "second@example.com"):
            accounts.ensure_admin(email, PASSWORD)
        admin, other = (api.signed_in(email, PASSWORD) for email in (ADMIN_EMAIL, "second@example.com"))


def test_two_admins_who_both_leave_leave_one(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = place(admin), place(other)
    replies = at_once(lambda: admin.delete(mine), lambda: other.delete(theirs))
    assert statuses(replies) == [204, 409]
    stored.check()
    assert len(stored.profiles()) == 1


def test_one_idempotency_key_invites_once_however_often_at_once(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body, idempotency_key="k")] * 16)
    assert set(statuses(replies)) <= {201, 503}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert len(stored.profiles()) == 2
    assert len(stored.items("OutboxTable")) == 1
    stored.check()


def test_one_idempotency_key_with_two_requests_at_once_is_a_conflict_for_one(admin: Api) -> None:
    bodies = [{"name": name, "email": f"{name}@example.com"} for name in ("ben", "bob")]
    replies = at_once(*(lambda b=b: admin.post("/api/users", b, idempotency_key="k") for b in bodies))  # type: ignore[misc]
    assert statuses(replies) == [201, 409]
    assert len(stored.profiles()) == 2


def test_two_invitations_of_one_address_at_once_are_one_account(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body)] * 8)
    assert statuses(replies) == [201] + [409] * 7
    stored.check()


def test_registering_while_being_invited_puts_no_password_into_the_invitation(admin: Api, api: Api) -> None:
    for number in range(6):
        ben = {"name": "Ben", "email": f"ben{number}@example.com"}
        at_once(
            lambda ben=ben: admin.post("/api/users", {**ben, "role": "admin"}),  # type: ignore[misc]
            lambda ben=ben: api.post("/api/auth/register", {**ben, "password": PASSWORD}),  # type: ignore[misc]
        )
        stored.check()
        (user,) = admin.get(f"/api/users?email={ben['email']}").json["data"]
        credential = credentials.find(ben["email"])
        assert credential is not None
        assert (user["role"] == "admin") == credential.is_invited


def test_promoting_while_confirming_never_makes_a_strangers_password_an_administrators(
    admin: Api, api: Api, inbox: Inbox
) -> None:
    for number in range(6):
        email = f"boss{number}@example.com"
        api.post("/api/auth/register", {**ADA, "email": email})
        token = inbox.newest().token
        (user,) = admin.get(f"/api/users?email={email}").json["data"]
        confirmed, promoted = at_once(
            lambda token=token: api.post("/api/auth/verify-email", {"token": token}),  # type: ignore[misc]
            lambda user=user: admin.patch(f"/api/users/{user['id']}", {"role": "admin"}),  # type: ignore[misc]
        )
        assert promoted.status == 200
        credential = credentials.find(email)
        assert credential is not None
        assert credential.is_invited == (confirmed.status == 400)
        stored.check()


def test_changes_of_one_version_at_once_are_one_change(ada: Api) -> None:
    url = place(ada)
    tag = ada.get(url).headers["etag"]
    names = [f"Ada {number}" for number in range(8)]
    replies = at_once(*(lambda n=n: ada.patch(url, {"name": n}, if_match=tag) for n in names))  # type: ignore[misc]
    assert statuses(replies) == [200] + [412] * 7
    (won,) = [name for name, reply in zip(names, replies, strict=True) if reply.status == 200]
    assert ada.get(url).json["data"]["name"] == won


def test_changes_without_a_version_at_once_are_all_made(ada: Api) -> None:
    url = place(ada)
    before = ada.get(url).headers["etag"]
    replies = at_once(*(lambda n=n: ada.patch(url, {"name": f"Ada {n}"}) for n in range(8)))  # type: ignore[misc]
    assert statuses(replies) == [200] * 8
    assert int(ada.get(url).headers["etag"].strip('"')) == int(before.strip('"')) + 8


def test_one_entry_delivered_twice_at_once_is_a_mail_or_two_whose_last_link_works(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", ADA)
    with ThreadPoolExecutor(2) as threads:
        items = aws.dynamodb().scan(TableName="OutboxTable")["Items"]
        list(threads.map(lambda _: _deliver(items), range(2)))
    assert 1 <= len(inbox.sent) <= 2
    outcomes = [api.post("/api/auth/verify-email", {"token": mail.token}).status for mail in inbox.sent]
    assert outcomes.count(200) == 1
    stored.check()


def _deliver(items: list[dict[str, Any]]) -> None:
    # Not by the function: its batch processor is made for one batch at a time, as Lambda hands them over.
    for item in items:
        delivery.deliver(Entry.from_item(decoded(item)))
