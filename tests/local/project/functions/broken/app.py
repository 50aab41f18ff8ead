"""A function whose import fails."""

raise ImportError("no such thing")
