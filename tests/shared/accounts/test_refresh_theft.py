"""A thief who copies a session's tokens at any moment, and an owner who keeps using them.

The owner is a client with one token store: once it has received new tokens it forgets the old ones. A response may be
lost, however often. As soon as each of the two has refreshed, more than ten seconds apart, and used what it got, the
session has ended. Without a thief it never ends.
"""

import os
from dataclasses import dataclass, replace
from itertools import count

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.accounts import tokens
from shared.core import clock
from shared.records.sessions import Session
from tests.support import stored
from tests.support.accounts import member
from tests.support.api import Api

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("fake_aws")]

thoroughly = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")), deadline=None, suppress_health_check=list(HealthCheck)
)
# What a party does, and the seconds that pass before.
PAUSES = st.sampled_from([0, 1, 5, 11, 60, 3000])
ACTIONS = st.sampled_from(["refresh", "refresh and lose the response", "refresh in two tabs", "call"])
STEPS = st.lists(st.tuples(PAUSES, ACTIONS), max_size=8)
_numbers = count()


@dataclass
class Party:
    """A client and its tokens."""

    access_token: str
    refresh_token: str

    def act(self, action: str) -> bool:
        """Return whether the service accepted what the party did."""
        if action == "call":
            return self.call()
        tabs = [replace(self) for _ in range(2 if action == "refresh in two tabs" else 1)]
        accepted = all(tab.refresh() for tab in tabs)
        if action != "refresh and lose the response":
            self.__dict__.update(tabs[0].__dict__)
        return accepted

    def refresh(self) -> bool:
        reply = Api().post("/api/auth/refresh", {"refreshToken": self.refresh_token})
        if reply.status == 200:
            self.access_token, self.refresh_token = reply.json["token"], reply.json["refreshToken"]
        return reply.status == 200

    def call(self) -> bool:
        reply = Api().with_token(self.access_token).get("/api/auth/me")
        if reply.status == 401 and reply.json["code"] == "token_expired":
            return self.refresh() and self.call()
        return reply.status == 200


def owner() -> Party:
    """Return a new user's client."""
    email = f"user{next(_numbers)}@example.com"
    caller = member(Api(), "Ada", email)
    (session,) = (Session.from_item(item) for item in stored.sessions() if item["email"] == email)
    return Party(caller.token, tokens.refresh_token(session))


@given(steps=STEPS)
@thoroughly
def test_session_of_an_honest_client_never_ends(steps: list[tuple[int, str]]) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        party = owner()
        for pause, action in steps:
            now.shift(pause)
            assert party.act(action)
        assert party.refresh()
        assert party.call()


@given(
    before=STEPS,
    after=st.lists(st.tuples(st.integers(0, 1), PAUSES, ACTIONS), max_size=8),
    first=st.integers(0, 1),
    withholds=st.booleans(),
)
@thoroughly
def test_session_of_a_copied_token_ends_once_both_parties_refreshed_and_used_what_they_got(
    before: list[tuple[int, str]], after: list[tuple[int, int, str]], first: int, *, withholds: bool
) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        party = owner()
        for pause, action in before:
            now.shift(pause)
            party.act(action)
        parties = (party, replace(party))
        for which, pause, action in after:
            now.shift(pause)
            parties[which].act(action)
        one, other = parties[first], parties[1 - first]
        now.shift(11)
        one.refresh()
        if not withholds:
            one.call()
        now.shift(11)
        other.refresh()
        other.call()
        one.call()
        assert [party.call() for party in parties] == [False, False]
        assert [party.refresh() for party in parties] == [False, False]
