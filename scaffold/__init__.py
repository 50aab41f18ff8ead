"""Adding and removing paths (`make endpoint`, `make resource`, `make remove`), and what is derived (`make sync`).

names       a path, and the names that follow from it
template    the blocks of template.yaml, as text
plan        changes to files, to show or to carry out
endpoint    the files and the block of one path
resource    the files, the table and the functions of one kind of records
fields      the fields of records, as FIELDS declares them
templates/  the text of all of these files
__main__    the command line

routes      the paths of the API, with their handlers
document    docs/openapi.json, built from what the handlers declare
examples    an example of a JSON Schema
events      the event of an operation
readme      the README's table of routes
sync        writing or checking all of it
"""
