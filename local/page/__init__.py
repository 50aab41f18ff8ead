"""The page /_local/: emails, requests, routes to try, tables. Its own files are in web/."""
