"""Factors: authenticator apps and passkeys, one of which a sign-in requires.

`Credential.factors` lists the confirmed ones, so that a sign-in knows without another read whether there are any. Both
change in one transaction. The secret of an authenticator app is sealed: see `shared.records.factor_keys`.

A code is accepted once: its step is stored, and only a later step is accepted (RFC 6238, 5.2).
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.errors import CodeAlreadyUsed, FactorNotFound, PasskeyTaken
from shared.core.tables import Change, Delete, Item, Put, Update
from shared.records import factor_keys, passkeys, recovery_codes
from shared.records.apps import App
from shared.records.passkeys import Passkey
from shared.records.recovery_codes import FACTORS, RecoveryCodes

Factor: TypeAlias = App | Passkey

# How many an account may have. Together with its sessions, their removal has to fit in one transaction.
MAX_APPS = 5
MAX_PASSKEYS = 10


class Factors(NamedTuple):
    """All factors of an account. The `pending` app waits for its first code."""

    confirmed: Sequence[Factor]
    pending: App | None
    recovery_codes: RecoveryCodes | None

    @property
    def all(self) -> list[Factor]:
        """The confirmed factors, and the app that waits."""
        return [*self.confirmed, *([self.pending] if self.pending is not None else [])]

    @property
    def ids(self) -> set[str]:
        """The ids of the factors."""
        return {factor.id for factor in self.all}

    def added_since(self, moment: int, *, passkeys_since: int) -> "Factors":
        """Return what was added at this time (seconds since 1970) or later. A pending app always is.

        A passkey counts from `passkeys_since` on: it is a way in by itself.
        """
        codes = self.recovery_codes
        return Factors(
            confirmed=[
                factor
                for factor in self.confirmed
                if (factor.confirmed_at or 0) >= (passkeys_since if factor.type == "passkey" else moment)
            ],
            pending=self.pending,
            recovery_codes=codes if codes is not None and codes.generated_at >= moment else None,
        )

    @property
    def apps(self) -> list[App]:
        """The confirmed apps."""
        return [factor for factor in self.confirmed if isinstance(factor, App)]

    @property
    def passkeys(self) -> list[Passkey]:
        """The passkeys."""
        return [factor for factor in self.confirmed if isinstance(factor, Passkey)]

    @property
    def codes_left(self) -> int:
        """The number of recovery codes that are left."""
        return 0 if self.recovery_codes is None else len(self.recovery_codes.digests)


def of_user(user_id: str) -> Factors:
    """Return a user's factors, oldest first."""
    items = list(FACTORS.query(Key("userId").eq(user_id)))
    apps = [app for app in (App.from_item(item) for item in items if item["type"] == "totp") if app.is_valid]
    keys = [Passkey.from_item(item) for item in items if item["type"] == "passkey"]
    codes = [item for item in items if item["type"] == recovery_codes.KEY]
    confirmed: list[Factor] = [*(app for app in apps if app.confirmed_at is not None), *keys]
    return Factors(
        confirmed=sorted(confirmed, key=lambda factor: factor.created_at),
        pending=next((app for app in apps if app.confirmed_at is None), None),
        recovery_codes=RecoveryCodes.from_item(codes[0]) if codes else None,
    )


def passkey(user_id: str, credential_id: bytes) -> Passkey | None:
    """Return the passkey of a user that has this credential, or None. One read."""
    item = FACTORS.get({"userId": user_id, "factor": passkeys.id_of(credential_id)})
    return Passkey.from_item(item) if item is not None and item["credentialId"] == credential_id else None


# Changes -------------------------------------------------------------------------------------------


def adding_app(app: App) -> list[Change]:
    """Return the changes that store a new app, which replaces one that still waits for its first code."""
    return [Put(table=FACTORS, item=app.item())]


def confirming_app(app: App, step: int) -> list[Change]:
    """Return the changes that confirm an app with its first code."""
    confirmed = app._replace(confirmed_at=clock.now(), last_used_at=clock.now(), last_step=step)
    return [*removing(app), Put(table=FACTORS, item=confirmed.item(), when=Attr("factor").not_exists())]


def using_app(app: App, step: int) -> list[Change]:
    """Return the changes that record a code, and seal the secret anew if an earlier key has sealed it.

    They fail with `CodeAlreadyUsed` if the code, or one of a later step, was used in the meantime.
    """
    attributes: Item = {"lastUsedAt": clock.now(), "lastStep": step}
    if factor_keys.is_outdated(app.secret):
        secret = factor_keys.unseal(app.secret, context=app.context)
        attributes["secret"] = factor_keys.seal(secret, context=app.context)
    later = Attr("lastStep").lt(step)
    return [Update(table=FACTORS, key=_key(app), set=attributes, when=later, otherwise=CodeAlreadyUsed)]


def renaming(user_id: str, factor_id: str, name: str) -> list[Change]:
    """Return the changes that rename a factor. They fail with `FactorNotFound` if there is none."""
    key = {"userId": user_id, "factor": factor_id}
    return [Update(table=FACTORS, key=key, set={"name": name}, when=Attr("name").exists(), otherwise=FactorNotFound)]


def adding_passkey(passkey: Passkey) -> list[Change]:
    """Return the changes that store a new passkey. They fail with `PasskeyTaken` if an account has it already."""
    free = Attr("factor").not_exists()
    return [
        Put(table=FACTORS, item=passkey.item(), when=free, otherwise=PasskeyTaken),
        # One credential belongs to one account (WebAuthn Level 3, 7.1, step 26).
        Put(table=FACTORS, item={**_owner_key(passkey), "owner": passkey.user_id}, when=free, otherwise=PasskeyTaken),
    ]


def using_passkey(passkey: Passkey, *, sign_count: int, backed_up: bool) -> list[Change]:
    """Return the changes that record the use of a passkey."""
    return [
        Update(
            table=FACTORS,
            key=_key(passkey),
            set={"signCount": sign_count, "backedUp": backed_up, "lastUsedAt": clock.now()},
            when=Attr("signCount").eq(passkey.sign_count),
        )
    ]


def suspecting_clone(passkey: Passkey) -> list[Change]:
    """Return the changes that record that a clone of a passkey was noticed."""
    unchanged = Attr("suspectedAt").eq(passkey.suspected_at)
    return [Update(table=FACTORS, key=_key(passkey), set={"suspectedAt": clock.now()}, when=unchanged)]


def removing(factor: Factor) -> list[Change]:
    """Return the changes that remove a factor."""
    if isinstance(factor, Passkey):
        return [Delete(table=FACTORS, key=_key(factor)), Delete(table=FACTORS, key=_owner_key(factor))]
    # An app that waits may have been confirmed or replaced in the meantime.
    return [Delete(table=FACTORS, key=_key(factor), when=Attr("id").eq(factor.id))]


def removing_all(factors: Factors) -> list[Change]:
    """Return the changes that remove all factors of an account, and its recovery codes."""
    removed = [change for factor in factors.all for change in removing(factor)]
    return [*removed, *recovery_codes.removing(factors.recovery_codes)]


def _key(factor: Factor) -> Item:
    return {"userId": factor.user_id, "factor": factor.key}


def _owner_key(passkey: Passkey) -> Item:
    """Return the key of the item that names the account of a passkey: no user has this id."""
    return {"userId": f"passkey#{passkey.id}", "factor": "owner"}
