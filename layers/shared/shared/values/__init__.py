"""Values and their rules: email addresses, passwords, the types of fields. Nothing here reads or writes a table."""
