"""The least that each flow can consume with the same guarantees, derived item by item.

A consistent read of an item is 1 unit and a page of an index half a unit per 4 KB; a write is 1, in a transaction 2, a
check like a write; a change of an index entry adds 1. A password reset or a new role takes effect at the next call, so
a call with a token reads its session. What must hold together, or appear in the account's activity, is one transaction.
A limit or a try is counted before the work, by a write of its own, and a right try is taken back by another.
"""

from typing import NamedTuple


class Least(NamedTuple):
    """Items by how they are read or written, and the reason: single writes; reads; the transaction."""

    why: str
    read: float = 0
    alone: int = 0
    together: int = 0
    indexed: int = 0

    @property
    def written(self) -> int:
        """Return the write units."""
        return self.alone + 2 * self.together + self.indexed


_LINK = Least(
    "claim, done; reads suppression, credentials, circuit; writes token, check",
    read=2.5,
    alone=2,
    together=2,
    indexed=1,
)

LEAST = {
    "register, unknown address": Least(
        "2 limits, one read; writes registration, email", read=1, alone=2, together=2, indexed=1
    ),
    "email: confirm the address": Least(
        "claim, done; reads suppression, credentials, registration, circuit; writes token, code",
        read=3,
        alone=4,
        indexed=1,
    ),
    "verify-email": Least(
        "limit; reads token, credentials, registration, suppression; writes all, profile, session, 2 events",
        read=4,
        alone=1,
        together=8,
        indexed=1,
    ),
    "register, known address": Least(
        "as for an unknown address, to reveal nothing", read=1, alone=2, together=2, indexed=1
    ),
    "resend-verification": Least("2 limits, one read; email", read=1, alone=3, indexed=1),
    "login": Least(
        "limit, 2 tries, taken back; reads credentials, profile; writes credentials, session, event",
        read=2,
        alone=5,
        together=3,
    ),
    "login, another device": Least("as login; writes an email too", read=2, alone=5, together=4, indexed=1),
    "login, wrong password": Least("limit, 2 tries, 2 failures, event; reads credentials, profile", read=2, alone=6),
    "login, after a wrong password": Least("as login", read=2, alone=5, together=3),
    "refresh": Least("session; reads session", read=1, alone=1),
    "refresh, the same token again": Least("reads session", read=1),
    "refresh, an old token": Least("reads session; writes session, email, event", read=1, together=3, indexed=1),
    "GET me": Least("reads session, profile", read=2),
    "GET me, first after a refresh": Least("reads session, profile; writes the mark", read=2, alone=1),
    "GET sessions": Least("reads sessions, the caller's among them", read=1),
    "DELETE a session": Least("reads session; writes the other session, event", read=1, together=2),
    "GET activity": Least("reads session, events", read=2),
    "logout": Least("reads session; writes session, event", read=1, together=2),
    "logout, everywhere, 3 sessions": Least(
        "reads sessions, the caller's among them; writes them, event", read=1, together=4
    ),
    "GET factors": Least("reads session, factors", read=2),
    "POST factors": Least(
        "reads session, credentials, profile, factors; writes app; checks credentials", read=4, together=2
    ),
    "POST a factor, the first code": Least(
        "limit; reads session, credentials, profile, factors; writes credentials, app, codes, email, event",
        read=4,
        alone=1,
        together=5,
        indexed=1,
    ),
    "login, before a factor": Least("limit, 2 tries, taken back; reads credentials, profile", read=2, alone=5),
    "mfa, wrong code": Least("limit, 2 tries, 2 failures, event; reads profile, credentials, factors", read=3, alone=6),
    "mfa, code": Least(
        "limit, 2 tries, taken back; reads profile, credentials, factors; "
        "writes credentials, app, token, session, event",
        read=3,
        alone=5,
        together=5,
    ),
    "mfa, recovery code": Least(
        "as with a code; writes codes, email, another event", read=3, alone=5, together=7, indexed=1
    ),
    "reauthenticate, passkey": Least(
        "try, taken back; reads session, credentials, passkey; writes passkey, challenge, session, event; "
        "checks credentials",
        read=3,
        alone=2,
        together=5,
    ),
    "POST recovery-codes": Least(
        "reads session, credentials, profile; writes codes, email, event; checks credentials",
        read=3,
        together=4,
        indexed=1,
    ),
    "POST passkeys/options": Least("reads session, credentials, factors", read=3),
    "POST passkeys": Least(
        "reads session, credentials, profile, factors; writes credentials, passkey, its owner, challenge, email, event",
        read=4,
        together=6,
        indexed=1,
    ),
    "POST login/passkey/options": Least("nothing: the challenge is computed"),
    "POST login/passkey": Least(
        "limit; reads profile, credentials, passkey; writes credentials, passkey, challenge, session, event",
        read=3,
        alone=1,
        together=5,
    ),
    "PATCH a factor": Least("reads session, credentials, factors; writes factor, event", read=3, together=2),
    "DELETE a factor, 1 session": Least(
        "reads sessions, credentials, profile, factors; writes credentials, passkey, its owner, session, email, event",
        read=4,
        together=6,
        indexed=1,
    ),
    "DELETE a user's factors": Least(
        "reads the caller's session and credentials, profile, credentials, factors, sessions; "
        "writes credentials, app, codes, 2 sessions, email, event",
        read=6,
        together=7,
        indexed=1,
    ),
    "login/email": Least("2 limits, one read; writes request, email", read=1, alone=2, together=2, indexed=1),
    "email: sign in": Least(
        "claim, done; reads suppression, credentials, profile, request, circuit; writes token, request",
        read=3.5,
        alone=2,
        together=2,
        indexed=1,
    ),
    "login/email/verify": Least(
        "limit, clears the lock; reads token, credentials, profile; writes credentials, token, session, event",
        read=3,
        alone=2,
        together=4,
    ),
    "forgot-password": Least("2 limits, one read; email", read=1, alone=3, indexed=1),
    "email: choose a password": _LINK,
    "reset-password, 1 session": Least(
        "reads token, credentials, profile, sessions; writes all but the profile, email, event; clears the lock",
        read=4,
        alone=1,
        together=5,
        indexed=1,
    ),
    "email: the password was changed": Least(
        "claim, done; reads suppression, credentials, circuit", read=2.5, alone=2, indexed=1
    ),
    "reauthenticate": Least(
        "try, taken back; reads session, profile, credentials; writes session, event; checks credentials",
        read=3,
        alone=2,
        together=3,
    ),
    "change-password, no other session": Least(
        "try, taken back; reads sessions, profile, credentials; writes credentials, session, email, event",
        read=3,
        alone=2,
        together=4,
        indexed=1,
    ),
    "change-email": Least(
        "try, taken back, 2 limits; reads session, profile, credentials, 2 counts; writes credentials, email, event",
        read=5,
        alone=4,
        together=3,
        indexed=1,
    ),
    "email: confirm the new address": Least(
        "claim, done; reads suppression, profile, both credentials, circuit; writes token, check",
        read=4.5,
        alone=2,
        together=2,
        indexed=1,
    ),
    "verify-email, new address, 1 session": Least(
        "reads token, both credentials, profile, sessions; writes all, suppression, email, event",
        read=5,
        together=8,
        indexed=2,
    ),
    "email: undo it": Least(
        "claim, done; reads suppression, profile, credentials, circuit; writes token, check",
        read=3.5,
        alone=2,
        together=2,
        indexed=1,
    ),
    "verify-email, undo, 1 session": Least(
        "reads token, credentials, profile, sessions; writes all, other credentials, suppression, email, event",
        read=4,
        together=8,
        indexed=2,
    ),
    "GET a user": Least("reads session, profile", read=2),
    "PATCH a user's name, 1 session": Least(
        "reads sessions, profile; writes both, event", read=2, together=3, indexed=1
    ),
    "DELETE a user, 1 session": Least(
        "reads sessions, profile, credentials; clears 2 locks; writes session, profile, credentials, email",
        read=4,
        alone=2,
        together=4,
        indexed=2,
    ),
    "GET users, 20": Least("reads session, 21 entries of the index", read=2),
    "GET users, the next 20": Least("reads session, 21 entries of the index", read=2),
    "GET users, 100": Least("reads session, 101 entries of the index", read=4.5),
    "GET users, by address": Least("reads session, credentials, profile", read=3),
    "POST users": Least(
        "reads session, suppression; writes credentials, profile, suppression, email, event",
        read=2,
        together=5,
        indexed=2,
    ),
    "email: an invitation": _LINK,
    "POST contact": Least("limit; writes submission, email", alone=1, together=2, indexed=1),
    "email: a form": Least("claim, done; reads suppression, submission, circuit", read=2.5, alone=2, indexed=1),
    "POST contact, with a key": Least(
        "limit; reads key; writes key, submission, email", read=1, alone=1, together=3, indexed=1
    ),
    "POST contact, the same key again": Least("limit; reads key", read=1, alone=1),
    "GET contact, 20": Least("reads session, submissions", read=2),
    "retry job, nothing due": Least("reads 4 shards and the dead, half a unit each", read=2.5),
    "bounce": Least(
        "reads suppression, credentials, profile; writes suppression, profile, event", read=3, together=3, indexed=1
    ),
    "GET health": Least("reads a key", read=1),
    "GET jwks.json": Least("reads the keys", read=1),
}
