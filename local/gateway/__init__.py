"""API Gateway on this machine: the HTTP server and the routes of the template."""
