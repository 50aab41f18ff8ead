"""Shared helpers for tests: API calls, injected faults, stored data, MiniStack, and email providers."""

from pathlib import Path

# The issuer of access tokens, as the runner sets it.
ISSUER = "http://localhost:3000"
ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
