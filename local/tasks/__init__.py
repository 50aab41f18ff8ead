"""The runner's own tasks, run in a worker like a function."""
