"""Serving HTTP: requests, responses and handlers. No other package knows how requests arrive."""
