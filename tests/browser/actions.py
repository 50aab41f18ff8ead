"""What the tests do on the page /_local/."""

import json

from tests.browser.driver import Browser


def view(browser: Browser, name: str) -> None:
    browser.click("nav a", name)


def form(browser: Browser, verb: str, path: str) -> None:
    """Open the form of a route."""
    view(browser, "Routes")
    if browser.run("return document.querySelector('#view-routes.opened .back')?.checkVisibility()"):
        browser.click("#view-routes .back")
    browser.until(lambda: browser.run(CLICK_ROUTE, verb, path), f"the route {verb} {path}")
    browser.find("h2", f"{verb} {path}")


CLICK_ROUTE = """
const link = [...document.querySelectorAll("#routes a")].find((one) =>
  one.children[0].textContent === arguments[0] && one.children[1].textContent === arguments[1]);
link?.click();
return !!link;
"""


def send(browser: Browser, body: object = None) -> tuple[int, str]:
    """Fill in the body and send the form. Returns the status and body of the response."""
    if body is not None:
        browser.labelled("Body").type(json.dumps(body))
    browser.run("document.querySelector('#answer .outcome').replaceChildren()")
    browser.click("button", "Send")
    outcome = browser.find("#answer .outcome", " ms").text
    return int(outcome.split()[0]), browser.find("#answer [role=tabpanel]").text


def sign_in(browser: Browser, email: str = "") -> None:
    """Sign in with one click: as the administrator, or as another user from the list."""
    if not email:
        browser.click("#session button", "Sign in as admin")
        browser.find("#session", "Signed in as admin@example.com (admin)")
        return
    browser.click("#session button", "user")
    browser.find("#user-filter").type(email)
    browser.click(f"dialog [aria-label='Sign in as {email}']")
    browser.until(lambda: not browser.run("return document.querySelector('dialog')"), "the dialog to close")


def fetch(browser: Browser, path: str, **options: object) -> tuple[int, object]:
    """Send a request to the API from the page. Returns status and body."""
    script = """
    return fetch(arguments[0], arguments[1]).then(async (response) => [response.status, await response.json()])"""
    status, body = browser.run(script, path, options)
    return status, body
