"""The least that each flow can consume with the same guarantees, reasoned item by item.

A consistent read of an item is 1 unit and a page of an index half a unit for each 4 KB; a write is 1, in a transaction
2, a check like a write; whatever changes an entry of an index writes 1 more. A reset or a new role counts at the next
call, so a call with a token reads its session. What must hold together, or be told of in the account's activity, is one
transaction. A limit or a try is counted before the work, by a write of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Least:
    """Items that are read, written on their own, written together, and entries of indexes that change; and which."""

    why: str
    read: float = 0
    alone: int = 0
    together: int = 0
    indexed: int = 0

    @property
    def written(self) -> int:
        """Give the write units."""
        return self.alone + 2 * self.together + self.indexed


LEAST = {
    "register, unknown address": Least(
        "two limits; credentials, suppression read; with profile, mail, event written", 2, 2, 5, 2
    ),
    "mail: confirm the address": Least(
        "claimed; suppression, credentials, circuit read; token with a check; done", 2.5, 2, 2, 1
    ),
    "verify-email": Least("token, credentials, profile; with event written", 3, 0, 4, 1),
    "register, known address": Least("as for an unknown one, so that nobody can tell", 2, 2, 5, 1),
    "resend-verification": Least("two limits, mail", 0, 3, 0, 1),
    "login": Least("limit, try; credentials, profile; credentials, session, lock, event", 2, 2, 4),
    "login, another device": Least("and a mail", 2, 2, 5, 1),
    "login, wrong password": Least("limit, try, failure, event; credentials, profile", 2, 4),
    "login, after a wrong password": Least("as login", 2, 2, 4),
    "refresh": Least("session", 1, 1),
    "refresh, the same token again": Least("session", 1),
    "refresh, an old token": Least("session; with mail and event", 1, 0, 3, 1),
    "GET me": Least("session, profile", 2),
    "GET sessions": Least("sessions, the caller's among them", 1),
    "DELETE a session": Least("session; the other one, event", 1, 0, 2),
    "GET activity": Least("session, events", 2),
    "logout": Least("session; with event", 1, 0, 2),
    "logout, everywhere, 2 sessions": Least("sessions, the caller's among them; with event", 1, 0, 4),
    "forgot-password": Least("two limits, mail", 0, 3, 0, 1),
    "mail: choose a password": Least(
        "claimed; suppression, credentials, circuit; token with a check; done", 2.5, 2, 2, 1
    ),
    "reset-password, 1 session": Least(
        "token, credentials, profile, sessions; with lock, mail, event; the profile stays", 4, 0, 6, 1
    ),
    "mail: the password was changed": Least("claimed; suppression, circuit; done", 1.5, 2, 0, 1),
    "change-password, no other session": Least(
        "sessions, profile, credentials; try; credentials, session, lock, mail, event", 3, 1, 5, 1
    ),
    "change-email": Least("session, profile, credentials; try, limit; lock, mail, event", 3, 2, 3, 1),
    "mail: confirm the new address": Least(
        "claimed; suppression, profile, credentials of both, circuit; token with a check; done", 4.5, 2, 2, 1
    ),
    "verify-email, new address, 1 session": Least(
        "token, credentials of both, profile, sessions; with suppression, mail, event", 5, 0, 8, 2
    ),
    "mail: undo it": Least(
        "claimed; suppression, profile, credentials, circuit; token with a check; done", 3.5, 2, 2, 1
    ),
    "verify-email, undo, 1 session": Least(
        "tokens, credentials, profile, sessions; both credentials, suppression, mail, event too", 4, 0, 8, 2
    ),
    "GET a user": Least("session, profile", 2),
    "PATCH a user's name, 1 session": Least("sessions, profile; with event", 2, 0, 3, 1),
    "DELETE a user, 1 session": Least("sessions, profile, credentials, tokens; lock too", 4, 0, 4, 1),
    "GET users, 20": Least("session; 21 entries of the index", 2),
    "GET users, the next 20": Least("the same", 2),
    "GET users, 100": Least("session; 101 entries of the index", 4.5),
    "GET users, by address": Least("session, credentials, profile", 3),
    "POST users": Least("session, suppression; credentials, profile, suppression, mail, event", 2, 0, 5, 2),
    "mail: an invitation": Least("claimed; suppression, credentials, circuit; token with a check; done", 2.5, 2, 2, 1),
    "POST contact": Least("limit; submission, mail", 0, 1, 2, 1),
    "mail: a form": Least("claimed; suppression, submission, circuit; done", 2.5, 2, 0, 1),
    "POST contact, with a key": Least("limit; key read; key, submission, mail", 1, 1, 3, 1),
    "POST contact, the same key again": Least("limit; key", 1, 1),
    "GET contact, 20": Least("session, submissions", 2),
    "retry job, nothing due": Least("four shards and the dead, each half a unit", 2.5),
    "bounce": Least("suppression, credentials, profile; suppression, profile, event", 3, 0, 3, 1),
    "GET health": Least("a key", 1),
    "GET jwks.json": Least("the keys", 1),
}
