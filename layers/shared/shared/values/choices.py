"""Values from a fixed set, the same in requests, items and responses."""

from typing import Literal, TypeAlias

Role: TypeAlias = Literal["user", "admin"]
Status: TypeAlias = Literal["active", "disabled"]
EmailStatus: TypeAlias = Literal["ok", "bounced", "complained"]

# Events of an account. The names are those of GoTrue's audit log, where it has the same event.
Event: TypeAlias = Literal[
    "user_confirmation_requested",
    "user_signedup",
    "user_invited",
    "user_email_verified",
    "user_email_bounced",
    "user_email_complained",
    "login",
    "user_reauthenticated",
    "logout",
    "token_refreshed",
    "token_reused",
    "user_recovery_requested",
    "user_password_reset",
    "user_password_changed",
    "user_email_change_requested",
    "user_email_changed",
    "user_email_change_undone",
    "user_modified",
    "data_exported",
    "user_deleted",
]
Outcome: TypeAlias = Literal["success", "failure"]
