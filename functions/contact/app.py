"""/api/contact: write to us; administrators read what was written."""

from shared.config import settings
from shared.forms import Fields, Form
from shared.types import Email, Name, Text


class Message(Fields):
    """What somebody wants to tell us, and where an answer reaches them."""

    name: Name
    email: Email
    message: Text


form = Form("/api/contact", Message, recipient=settings().contact_to, thanks="/contact/thanks")
api, handler = form.api, form.handler
