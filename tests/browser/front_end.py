"""A front end of another origin, with a contact form."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Contact</title>
<form method="post" action="{api}" enctype="{kind}">
  <label>Name <input name="name"></label>
  <label>Email <input name="email" type="email"></label>
  <label>Message <textarea name="message"></textarea></label>
  <input name="website" hidden>
  <button>Send</button>
</form>
"""
THANKS = b"<!doctype html><link rel=icon href=data:,><title>Thanks</title>"
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")
FETCH = """
return fetch(arguments[0], {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(arguments[1]),
}).then(async (response) => [response.status, await response.json()]);
"""


class FrontEnd(ThreadingHTTPServer):
    """Serves a page with the form at /?<encoding>, and the thanks page at /contact/thanks."""

    api = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FrontEnd

    def do_GET(self) -> None:
        path, _, kind = self.path.partition("?")
        page = {"/": PAGE.format(api=self.server.api, kind=kind).encode(), "/contact/thanks": THANKS}.get(path)
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *_: object) -> None:
        return
