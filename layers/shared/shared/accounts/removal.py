"""Removing what closed accounts leave behind: in steps, because an account may own any number of rows."""

from collections.abc import Iterator

from shared.accounts import resources
from shared.core.tables import write
from shared.records import activity, closures, registrations
from shared.records.closures import Closure


def remove_remains(closure: Closure) -> Iterator[None]:
    """Remove what a closed account has left: registrations of its address from before, its activity, and what it owned.

    Yields after each step, which is at most 250 rows, so that the caller may stop, or take turns between accounts. The
    closure is removed at the end, unless a call may still be in flight. Until then another run starts again, and finds
    what is left.
    """
    # Read before the first deletion: a call that ends during this run may still have written.
    calls_have_ended = not closure.may_have_calls
    registrations.remove_all(closure.email, until=closure.closed_at)
    for _ in activity.remove_all(closure.user_id):
        yield
    for owned in resources.ALL:
        for _ in owned.remove_all(closure.user_id):
            yield
    if calls_have_ended:
        write(closures.removing(closure))
