"""Exports."""

from typing import Any

from typing_extensions import TypedDict

from shared.shapes.activity import PublicEntry
from shared.shapes.factors import PublicFactor
from shared.shapes.identities import PublicIdentity
from shared.shapes.sessions import PublicSession
from shared.shapes.users import PublicUser


class AccountExport(TypedDict):
    """Everything that an account owns."""

    user: PublicUser
    sessions: list[PublicSession]
    factors: list[PublicFactor]
    identities: list[PublicIdentity]
    activity: list[PublicEntry]
    """The security events of the last 90 days, newest first."""
    resources: dict[str, list[dict[str, Any]]]
    """What else the account owns, by kind. Submitted forms belong to no account, and are not included."""
