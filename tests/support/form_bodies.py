"""Bodies of HTML forms. The two in `FILLED_IN` were captured from Chromium 156.

The form had a text field, an email field, a textarea, the hidden `website`, a hidden `_charset_`, a file input without
a file, and a checked checkbox. A script submitted it, so its button is not among the fields.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tests.support.api import event

# The `Accept` header that Chromium sends when it loads a page, or submits a form.
ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
URLENCODED = "application/x-www-form-urlencoded"
NAME = "\u0646\u0648\u0631 Zo\u00eb & Co \U0001f469\u200d\U0001f680"
EMAIL = "zoe+x@b\u00fccher.example"
MESSAGE = 'First line: 100% = "all" & more\n\n\u05e9\u05dc\u05d5\u05dd \U0001f44b\nlast+line'

_BOUNDARY = "----WebKitFormBoundaryhIjyCGEo4ceZA101"
FILLED_IN = {
    URLENCODED: (
        b"name=%D9%86%D9%88%D8%B1+Zo%C3%AB+%26+Co+%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80&email=zoe%2Bx%40b%C3%BCcher.example"
        b"&message=First+line%3A+100%25+%3D+%22all%22+%26+more%0D%0A%0D%0A%D7%A9%D7%9C%D7%95%D7%9D+%F0%9F%91%8B%0D%0A"
        b"last%2Bline&website=&_charset_=UTF-8&attachment=&terms=on"
    ),
    f"multipart/form-data; boundary={_BOUNDARY}": (
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="name"\r\n\r\n'
        b"\xd9\x86\xd9\x88\xd8\xb1 Zo\xc3\xab & Co \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80\r\n"
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="email"\r\n\r\n'
        b"zoe+x@b\xc3\xbccher.example\r\n"
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="message"\r\n\r\n'
        b'First line: 100% = "all" & more\r\n\r\n\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xf0\x9f\x91\x8b\r\nlast+line\r\n'
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="website"\r\n\r\n\r\n'
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="_charset_"\r\n\r\n'
        b"UTF-8\r\n"
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="attachment"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n"
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101\r\n"
        b'Content-Disposition: form-data; name="terms"\r\n\r\n'
        b"on\r\n"
        b"------WebKitFormBoundaryhIjyCGEo4ceZA101--\r\n"
    ),
}
# The same form on a page in windows-1252.
FILLED_IN_LATIN = (
    b"name=%26%231606%3B%26%231608%3B%26%231585%3B+Zo%EB+%26+Co+%26%23128105%3B%26%238205%3B%26%23128640%3B"
    b"&email=zoe%2Bx%40b%FCcher.example&message=First+line%3A+100%25&website=&_charset_=windows-1252&terms=on"
)


def sent(
    content_type: str, body: bytes, path: str = "/api/contact", *, as_base64: bool = True, **headers: str
) -> dict[str, Any]:
    """Return the API Gateway event of a submitted form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = base64.b64encode(body).decode() if as_base64 else body.decode()
    return event("POST", path, text, {"content-type": content_type, **named}) | {"isBase64Encoded": as_base64}


def multipart(fields: Mapping[str, str | bytes], boundary: str = "x") -> bytes:
    """Return a multipart body with these fields."""
    contents = {name: value.encode() if isinstance(value, str) else value for name, value in fields.items()}
    return parts(
        *(
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content
            for name, content in contents.items()
        ),
        boundary=boundary,
    )


def parts(*contents: bytes, boundary: str = "x") -> bytes:
    """Return a multipart body of these parts; each includes its own headers."""
    delimiter = f"--{boundary}".encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in contents) + delimiter + b"--\r\n"
