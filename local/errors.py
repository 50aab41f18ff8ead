"""The error that the runner reports to the developer."""


class RunnerError(Exception):
    """A problem that the developer can solve. The message states the problem and the next step."""
