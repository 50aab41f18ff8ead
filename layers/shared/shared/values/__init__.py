"""Values and their rules: email addresses, passwords, field types, versions and clients.

Nothing here reads or writes a table, and only `breaches` calls a service.
"""
