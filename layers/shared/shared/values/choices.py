"""Values from a fixed set, the same in requests, items and responses."""

from typing import Literal, TypeAlias

Role: TypeAlias = Literal["user", "admin"]
Status: TypeAlias = Literal["active", "disabled"]
EmailStatus: TypeAlias = Literal["ok", "bounced", "complained"]

# What proves who a user is. A front end sees these names in `methods`. Append only: the token of a first step stores a
# method by its position.
Method: TypeAlias = Literal["password", "totp", "recovery_code", "passkey", "email", "provider"]
FactorType: TypeAlias = Literal["totp", "passkey"]

# Events of an account. The names are those of GoTrue's audit log, where it has the same event.
Event: TypeAlias = Literal[
    "user_confirmation_requested",
    "user_signedup",
    "user_invited",
    "user_email_verified",
    "user_email_bounced",
    "user_email_complained",
    "user_sign_in_requested",
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
    "factor_added",
    "factor_updated",
    "factor_unenrolled",
    "factors_reset",
    "generate_recovery_codes",
    "recovery_code_used",
    "passkey_clone_suspected",
    "identity_linked",
    "identity_unlinked",
    "user_modified",
    "data_exported",
    "user_deleted",
]
Outcome: TypeAlias = Literal["success", "failure"]
