"""Settings from environment variables, which template.yaml sets: under Globals for all functions, or for some."""

import os
from functools import cache
from typing import NamedTuple


class ConfigurationError(Exception):
    """An environment variable is missing or invalid. The message names it."""


class Settings(NamedTuple):
    """The settings of all functions. The variable for each field has the field's name in capitals."""

    app_name: str
    frontend_url: str
    contact_to: str
    token_issuer: str
    token_audience: str
    rate_limit_multiplier: int
    emails_to_accounts: int
    emails_to_others: int
    log_level: str
    metrics_namespace: str
    users_table: str
    credentials_table: str
    factors_table: str
    identities_table: str
    sessions_table: str
    one_time_tokens_table: str
    registrations_table: str
    closures_table: str
    limits_table: str
    idempotency_table: str
    outbox_table: str
    submissions_table: str
    suppressions_table: str
    activity_table: str
    public_keys_table: str
    signing_key_secret: str
    breach_service_url: str


@cache
def settings() -> Settings:
    """Read the environment, once.

    Raises:
        ConfigurationError: variables are missing, empty, or not a number where one is needed. The message names all.

    """
    values: dict[str, str | int] = {}
    errors = []
    for name, kind in Settings.__annotations__.items():
        variable = name.upper()
        text = os.environ.get(variable, "")
        if not text:
            errors.append(f"{variable} is not set")
        elif kind is int and not (text.isascii() and text.isdigit() and int(text) > 0):
            errors.append(f"{variable} must be a whole number above 0")
        else:
            values[name] = int(text) if kind is int else text
    if errors:
        raise ConfigurationError(f"{'; '.join(errors)}. template.yaml sets these variables, under Globals.")
    return Settings(**values)  # type: ignore[arg-type]  # each value has its field's type


def optional(name: str) -> str | None:
    """Return a variable, or None if it is `off`: an empty variable is an error.

    Raises:
        ConfigurationError: it is missing or empty.

    """
    text = variable(name)
    return None if text == "off" else text


def variable(name: str) -> str:
    """Return a variable that only some functions have, because all variables of a function share 4 KB on Lambda.

    Raises:
        ConfigurationError: it is missing or empty.

    """
    text = os.environ.get(name, "")
    if not text:
        raise ConfigurationError(f"{name} is not set. template.yaml sets this variable for the functions that need it.")
    return text


def runs_locally() -> bool:
    """Return whether the function runs on a developer's machine: the runner, `sam local`, the rehearsal.

    They set the variable, which template.yaml declares without a value. On AWS it is never set.
    """
    return bool(os.environ.get("AWS_ENDPOINT_URL"))
