"""Exports that are too large for a response: files in a bucket, which deletes them after a day.

No function can list the bucket, and a file's name has 256 random bits. A link is for one file, and valid for a minute.
"""

import secrets
from typing import IO

from shared.core.aws import s3, translated_errors
from shared.core.config import variable

_LINK_SECONDS = 60


def publish(user_id: str, file: IO[bytes]) -> str:
    """Store a JSON file of a user, read from its current position. Return a URL that is valid for 60 seconds.

    Raises:
        Unavailable: S3 is throttling or unreachable.

    """
    bucket, key = variable("EXPORTS_BUCKET"), f"{user_id}/{secrets.token_urlsafe(32)}.json"
    with translated_errors():
        s3().put_object(Bucket=bucket, Key=key, Body=file, ContentType="application/json; charset=utf-8")
    request = {
        "Bucket": bucket,
        "Key": key,
        "ResponseCacheControl": "no-store",
        "ResponseContentDisposition": 'attachment; filename="export.json"',
    }
    return s3().generate_presigned_url("get_object", Params=request, ExpiresIn=_LINK_SECONDS)
