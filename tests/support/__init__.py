"""What tests share: the API as they call it, faults, stored data, MiniStack, mail providers."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
