"""What the tests do on the page /_local/."""

import json

from tests.browser.driver import Browser
from tests.local.harness import RunnerProcess, eventually
from tests.support import PASSWORD


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


def add_user(runner: RunnerProcess, name: str) -> str:
    """Open an account as a person does, with the link in the email. Returns the user's id."""
    email = f"{name.split(maxsplit=1)[0].lower()}@example.com"
    person = {"name": name, "email": email, "password": PASSWORD}
    registration = runner.post("/api/auth/register", person).json["registration"]
    found = eventually(lambda: runner.get(f"/_local/offers.json?to={email}").json, what="an email with a link")
    answer = runner.post("/api/auth/verify-email", {"token": found[0]["token"], "registration": registration})
    return str(answer.json["user"]["id"])
