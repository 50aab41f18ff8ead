"""The page /_local/, with its files in web/: emails, requests, reference, tables; and the page for a missing block."""
