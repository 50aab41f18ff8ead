"""/api/contact: send us a message; administrators read what was sent."""

from shared.core.config import optional, settings
from shared.values.types import Email, Name, Text
from shared.web.forms import Fields, Form


class Message(Fields):
    """A message, and its sender's name and address."""

    name: Name
    email: Email
    message: Text


form = Form(
    "/api/contact",
    Message,
    recipient=settings().contact_to,
    thanks="/contact/thanks",
    mistakes=optional("CONTACT_PAGE"),
)
api, handler = form.api, form.handler
