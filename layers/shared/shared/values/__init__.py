"""Values and their rules: email addresses, passwords and field types. Nothing here reads or writes a table."""
