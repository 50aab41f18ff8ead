"""The local runner: serves the template's API on this machine, without Docker and without an AWS account.

__main__.py   the command line
runner.py     starts the parts in order, applies changed files, stops the parts
gateway/      API Gateway: an HTTP server and the routes of the template
functions/    Lambda: warm worker processes, replaced when their code changes
aws/          the other services: MiniStack, and the streams, schedules, rotation, expiry and feedback around it
data.py       the directory of the local data, and its deletion
clean.py      an environment without the developer's AWS and Python settings
hosts.py      which hosts a request may name
sockets.py    the listening sockets of the API and of MiniStack
asgi.py       uvicorn on a listening socket, for the gateway and for MiniStack
openid.py     a provider to sign in with, at /_local/openid
page/         the page /_local/: emails, requests, reference, tables; a stand-in for the front end; missing blocks
tasks/        the runner's own tasks, run in a worker like a function
template.py   what template.yaml declares
settings.py   .env.local: values for parameters and secrets on this machine
handlers.py   the handlers in functions/ that template.yaml does not declare, and the blocks they lack
admin.py      the admin account of the local data
console.py    output on the terminal
errors.py     the error that the runner reports to the developer, and a full disk
tour.sh       the commands that the runner prints for a first try
"""

from pathlib import Path

# The project's folder, whatever the working directory is.
PROJECT = Path(__file__).resolve().parents[1]
