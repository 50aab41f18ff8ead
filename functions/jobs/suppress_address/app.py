"""What SES tells, through SNS, of mails that bounced or were complained of: suppress their addresses.

What fails is raised, and Lambda tries it again; what fails to the end is kept in a queue.
"""

from typing import Any

from shared.core import startup
from shared.mail import feedback

startup.finish()


def handler(event: dict[str, Any], _context: object) -> None:
    """Take note of each event."""
    for record in event["Records"]:
        feedback.receive(record["Sns"]["Message"])
