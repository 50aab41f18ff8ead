"""The local page and the contact form in a real browser."""
