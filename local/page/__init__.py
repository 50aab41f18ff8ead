"""The page `/_local/`: emails, requests, routes to try and tables."""
