"""/api/auth/factors/{factorId}: one second factor of the caller's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import factors
from shared.core.errors import (
    FactorConfirmed,
    FactorNotFound,
    InvalidCredentials,
    LastWayIn,
    TooManyFactors,
    TooManyRequests,
)
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Code, Name
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.inputs import Body
from shared.web.responses import Data, NoContent

if TYPE_CHECKING:
    from shared.shapes.factors import Confirmed, PublicFactor

api = Api("/api/auth/factors/{factorId}")
handler = api.handler


class FirstCode(Body, example={"code": "123456"}):
    """The code that the authenticator app shows."""

    code: Code


class Renamed(Body, example={"name": "My old phone"}):
    """Another name."""

    name: Name


@api.post(
    limit=limits.SIGN_IN, errors=(FactorNotFound, FactorConfirmed, InvalidCredentials, TooManyFactors, TooManyRequests)
)
def confirm_factor(factor_id: str, caller: Fresh, body: FirstCode, client: Client) -> Data[Confirmed]:
    """Confirm an authenticator app. The first factor of the account brings ten recovery codes, which are shown once."""
    codes = factors.confirm(caller.session, factor_id, body.code, client)
    return Data({} if codes is None else {"recoveryCodes": codes})


@api.patch(errors=(FactorNotFound,))
def rename_factor(factor_id: str, caller: Fresh, body: Renamed, client: Client) -> Data[PublicFactor]:
    """Rename the factor."""
    return Data(factors.rename(caller.session, factor_id, body.name, client).public())


@api.delete(errors=(FactorNotFound, LastWayIn, TooManyRequests))
def remove_factor(factor_id: str, caller: Fresh, client: Client) -> NoContent:
    """Remove the factor, and with the last one the recovery codes. Sessions that it has raised fall to `aal` 1."""
    factors.remove(caller.session, factor_id, client)
    return NoContent()
