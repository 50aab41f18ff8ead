"""What is derived from the code of the handlers and from the template: `make sync`.

routes      the paths of the API: each template block with the handler it runs
document    docs/openapi.json, built from what the handlers declare
examples    an example of a JSON Schema
"""
