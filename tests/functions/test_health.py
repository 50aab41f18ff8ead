"""/api/health."""

from shared import __version__
from tests.support import faults
from tests.support.api import Api
from tests.support.faults import Wire


def test_health_returns_status_and_version(api: Api) -> None:
    reply = api.get("/api/health")
    assert reply.status == 200
    assert reply.json == {"success": True, "data": {"status": "ok", "version": __version__}}


def test_each_call_queries_the_database(api: Api, wire: Wire) -> None:
    api.get("/api/health")
    api.get("/api/health")
    assert wire.calls == ["Query", "Query"]


def test_unreachable_database_answers_503(api: Api, wire: Wire) -> None:
    wire.fail(faults.read_timeout)
    reply = api.get("/api/health")
    assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (503, "unavailable", "2")
