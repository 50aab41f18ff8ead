"""The error that the runner reports to the developer, and a full disk."""

import errno

# No room on the device, in the quota, or in the largest allowed file.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RunnerError(Exception):
    """A problem that the developer can solve. The message states the problem and the next step."""


def is_disk_full(problem: BaseException) -> bool:
    """Return whether a file could not be written for lack of room."""
    return isinstance(problem, OSError) and problem.errno in _FULL
