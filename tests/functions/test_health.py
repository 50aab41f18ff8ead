"""/api/health."""

from shared import __version__
from tests.support import faults
from tests.support.api import Api
from tests.support.faults import Wire


def test_a_healthy_api_says_so_and_which_version_it_is(api: Api) -> None:
    reply = api.get("/api/health")
    assert reply.status == 200
    assert reply.json == {"success": True, "data": {"status": "ok", "version": __version__}}


def test_it_asks_the_database_each_time(api: Api, wire: Wire) -> None:
    api.get("/api/health")
    api.get("/api/health")
    assert wire.calls == ["Query", "Query"]


def test_a_database_that_does_not_answer_is_503(api: Api, wire: Wire) -> None:
    wire.fail(faults.read_timeout)
    reply = api.get("/api/health")
    assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (503, "unavailable", "2")
