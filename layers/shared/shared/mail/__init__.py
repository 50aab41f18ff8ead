"""Email: what each one says, how it is sent, and what the recipient's server reports."""
