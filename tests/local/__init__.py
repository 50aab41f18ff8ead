"""The local runner, tested from outside: over HTTP, and by its processes, signals and files."""
