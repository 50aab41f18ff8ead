"""Shared helpers for tests: API calls, injected faults, stored data, MiniStack, and email providers."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
