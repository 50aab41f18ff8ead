"""Serving HTTP: requests, responses, and what declares a handler. No other package knows how requests arrive."""
