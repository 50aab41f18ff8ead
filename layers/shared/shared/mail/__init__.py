"""Emails: their content, delivery through providers, and feedback from the recipients' servers."""
