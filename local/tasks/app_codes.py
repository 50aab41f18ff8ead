"""Compute the codes of authenticator apps in the local data. Runs in a worker, with the functions' environment."""

from typing import Any

from shared.core import clock
from shared.records import factor_keys, factors
from shared.records.apps import App
from shared.values import totp


def handler(event: dict[str, dict[str, str]], _context: object) -> Any:
    """Return the apps of these users, each with its current code. The event is {users: {id: email}}.

    Returns {endsAt, apps: [{email, name, code, isUsed, isConfirmed}]}. `endsAt` is the time of the next codes, in
    seconds since 1970. A used code is not accepted again.
    """
    step = clock.now() // totp.PERIOD
    apps = [
        {
            "email": email,
            "name": app.name,
            "code": totp.code(factor_keys.unseal(app.secret, context=app.context), step),
            "isUsed": app.last_step >= step,
            "isConfirmed": app.confirmed_at is not None,
        }
        for user_id, email in event["users"].items()
        for app in factors.of_user(user_id).all
        if isinstance(app, App)
    ]
    return {"endsAt": (step + 1) * totp.PERIOD, "apps": apps}
