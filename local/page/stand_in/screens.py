"""The pages: their fields, and the operation that each one calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Field:
    """A field of a form.

    A field with `only_after` is shown only after this error code, one with `instead_of` only while that field is empty.
    """

    name: str
    label: str = ""
    kind: str = "text"
    hint: str = ""
    autocomplete: str = "off"
    only_after: str = ""
    instead_of: str = ""
    is_optional: bool = False


@dataclass(frozen=True)
class Screen:
    """A page. After success `next_name`, if there is one, is shown instead of `done`."""

    title: str
    path: str
    fields: Sequence[Field]
    button: str
    intro: str = ""
    done: str = ""
    next_name: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The names of its fields."""
        return frozenset(field.name for field in self.fields)

    def shown(self, values: Mapping[str, str], code: str) -> list[Field]:
        """Return the fields to show. Hidden ones carry a secret from the URL or from the previous page."""
        return [
            field
            for field in self.fields
            if (field.kind != "hidden" or values.get(field.name))
            and field.only_after in {"", code}
            and not (field.instead_of and values.get(field.instead_of))
        ]


_EMAIL = Field("email", "Email", "email", autocomplete="username")
_PASSWORD = Field("password", "Password", "password", autocomplete="current-password")
_NEW_PASSWORD = Field("password", "New password", "password", "At least 8 characters.", "new-password")
_TOKEN = Field("token", kind="hidden")
_CODE = Field("code", "Code", hint="The six digits of the email.", autocomplete="one-time-code", instead_of="token")

# Its token is that of the first step.
SECOND_STEP = "login/second-step"

SCREENS: Mapping[str, Screen] = {
    "register": Screen(
        title="Create an account",
        path="/api/auth/register",
        fields=[Field("name", "Name", autocomplete="name"), _EMAIL, _NEW_PASSWORD],
        button="Create account",
        next_name="verify-email",
    ),
    "verify-email": Screen(
        title="Confirm your email address",
        path="/api/auth/verify-email",
        fields=[
            _TOKEN,
            Field("registration", kind="hidden"),
            replace(_EMAIL, instead_of="token"),
            _CODE,
            Field(
                "password",
                "Password",
                "password",
                "The one that you registered with: the link alone does not show that you registered.",
                "current-password",
                only_after="registration_required",
            ),
        ],
        button="Confirm",
        intro="The email has a link and a code; either will do.",
        done="Your address is confirmed.",
    ),
    "login": Screen(
        title="Sign in",
        path="/api/auth/login",
        fields=[_EMAIL, _PASSWORD],
        button="Sign in",
    ),
    "login/email": Screen(
        title="Sign in by email",
        path="/api/auth/login/email/verify",
        fields=[
            _TOKEN,
            Field("request", kind="hidden"),
            _CODE,
        ],
        button="Sign in",
        intro="The email has a link and a code; either will do.",
    ),
    SECOND_STEP: Screen(
        title="Second step",
        path="/api/auth/mfa",
        fields=[
            _TOKEN,
            Field("code", "Code", hint="Six digits.", autocomplete="one-time-code", is_optional=True),
            Field("recoveryCode", "Recovery code", is_optional=True),
        ],
        button="Sign in",
        intro="The account has a second factor. Enter the code that its authenticator app shows, or a recovery code.",
    ),
    "auth/callback": Screen(
        title="Sign in with a provider",
        path="/api/auth/oauth/token",
        fields=[Field("code", kind="hidden"), Field("codeVerifier", kind="hidden")],
        button="Sign in",
        intro="The provider, or an email, has sent you back. The code works once, where you began.",
    ),
    "forgot-password": Screen(
        title="Forgot your password?",
        path="/api/auth/forgot-password",
        fields=[_EMAIL],
        button="Send a link",
        done="If there is an account with this address, it gets a link to choose a new password.",
    ),
    "reset-password": Screen(
        title="Choose a password",
        path="/api/auth/reset-password",
        fields=[_TOKEN, _NEW_PASSWORD],
        button="Save password",
        done="Your password is saved. All sessions have ended: sign in with the new password.",
    ),
    "contact": Screen(
        title="Contact",
        path="/api/contact",
        fields=[
            Field("name", "Name", autocomplete="name"),
            _EMAIL,
            Field("message", "Message", "textarea"),
        ],
        button="Send",
        next_name="contact/thanks",
    ),
    "contact/thanks": Screen(
        title="Thank you",
        path="",
        fields=[],
        button="",
        intro="We have received your message.",
    ),
}
