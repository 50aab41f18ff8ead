"""Assertions about every reply of the API."""

from tests.support.api import Reply


def assert_error(reply: Reply, status: int, code: str) -> None:
    """Assert that a reply is this error: status, code, shape and headers, but not its message."""
    assert (reply.status, reply.json.get("code")) == (status, code), reply.text
    assert list(reply.json)[:4] == ["success", "message", "code", "requestId"]
    assert set(reply.json) <= {"success", "message", "code", "requestId", "errors"}
    assert reply.json["success"] is False
    assert reply.json["message"]
    assert reply.json["requestId"] == reply.headers["x-request-id"]
    assert_headers(reply)


def assert_headers(reply: Reply, cache: str = "no-store") -> None:
    """Assert that a reply has the headers of every reply."""
    assert reply.headers["cache-control"] == cache
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert reply.headers["strict-transport-security"].startswith("max-age=")
    assert len(reply.headers["x-request-id"]) == 32
    assert ("content-type" in reply.headers) == bool(reply.text)
    if reply.text:
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
