"""API Gateway on this machine: the HTTP server and the template's routes."""
