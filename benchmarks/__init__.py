"""Measurements against MiniStack, to be run by hand: they print tables and fail nothing."""
