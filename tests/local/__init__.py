"""The local runner, over HTTP and from the outside: processes, signals and files."""
