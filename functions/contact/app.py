"""/api/contact: write to us; administrators read what was written."""

from shared.core.config import settings
from shared.values.types import Email, Name, Text
from shared.web.forms import Fields, Form


class Message(Fields):
    """What somebody wants to tell us, and where an answer reaches them."""

    name: Name
    email: Email
    message: Text


form = Form("/api/contact", Message, recipient=settings().contact_to, thanks="/contact/thanks")
api, handler = form.api, form.handler
