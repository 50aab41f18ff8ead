"""Measurements to run by hand; none is a test.

`make bench` runs against a stub of DynamoDB, `make desk` against the local runner and `sam local`, the others against
MiniStack. `make bench`, `make desk` and `make capacity` write pages of docs/; the others print tables.
"""
