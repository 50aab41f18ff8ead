"""HTTP: requests, responses, and what a handler is declared with. No other package knows a status or a header."""
