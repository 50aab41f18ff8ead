"""What callers get: the JSON of every response, as types.

Handlers and records import these under TYPE_CHECKING: mypy compares what is returned with them. docs/openapi.json is
made from them, including the text below a field. No function loads them, so they cost nothing at a cold start. Fields
have the names that callers see.
"""
