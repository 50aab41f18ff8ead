"""/api/auth/factors: the second factors of the caller's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shared.accounts import factors
from shared.core.errors import TooManyFactors
from shared.records import factors as records
from shared.values.types import Name
from shared.web.api import Api
from shared.web.caller import Caller, Fresh
from shared.web.inputs import Body
from shared.web.responses import Created, Success

if TYPE_CHECKING:
    from shared.shapes.factors import FactorList, NewApp

api = Api("/api/auth/factors", mostly="GET")
handler = api.handler


class NewFactor(Body, example={"type": "totp", "name": "My phone"}):
    """The type of the factor, and a name by which its owner recognizes it."""

    type: Literal["totp"]
    name: Name


@api.get
def list_factors(caller: Caller) -> Success[FactorList]:
    """Return the confirmed factors, and the number of recovery codes that are left."""
    found = records.of_user(caller.id)
    return Success({"data": [factor.public() for factor in found.confirmed], "recoveryCodes": found.codes_left})


@api.post(errors=(TooManyFactors,))
def add_factor(caller: Fresh, body: NewFactor) -> Created[NewApp]:
    """Create the secret of an authenticator app. It is active once its first code is confirmed, within ten minutes.

    Another call replaces an app that was not confirmed yet.
    """
    app = factors.add_app(caller.session, body.name)
    return Created({"id": app.id, "secret": app.secret, "uri": app.uri}, location=f"{api.path}/{app.id}")
