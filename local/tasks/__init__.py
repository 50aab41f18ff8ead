"""Jobs of the runner itself, run in a worker like a function."""
