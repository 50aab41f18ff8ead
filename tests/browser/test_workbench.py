"""The page as the API's reference and workbench: what an operation takes, who sends it, and what a request was."""

import http.client
import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.actions import add_user, form, send, sign_in, view
from tests.browser.driver import TAB, UP, Browser
from tests.local.harness import RunnerProcess
from tests.support import PASSWORD


def rows(browser: Browser, label: str) -> dict[str, str]:
    """Return the fields of a table: their names, and what it says about each."""
    script = """return Object.fromEntries([...document.querySelectorAll(`[aria-label="${arguments[0]}"] tbody tr`)]
        .map((row) => [row.querySelector("code, em").textContent, row.innerText.replace(/\\s+/g, " ")]))"""
    return dict(browser.run(script, label))


def body(browser: Browser) -> Any:
    return json.loads(browser.labelled("Body").value)


def test_operations_are_grouped_and_filtered(browser: Browser) -> None:
    view(browser, "Routes")
    groups = "return [...document.querySelectorAll('#routes .group h2')].map((one) => one.textContent)"
    browser.find("#routes a")
    assert {"auth", "users", "contact"} <= set(browser.run(groups))
    browser.find("#route-filter").type("delete users account")
    browser.until(lambda: browser.run(groups) == ["users"], "one group")
    assert browser.find("#routes").text.split("\n")[1:] == ["DELETE", "/api/users/{userId}", "Delete the account"]
    browser.find("#route-filter").type("administrators invite")
    browser.until(lambda: browser.run(groups) == [], "no group")
    browser.find("#no-route", "No operation matches")


def test_reference_of_a_change_shows_fields_rules_and_errors(browser: Browser) -> None:
    form(browser, "PUT", "/api/users/{userId}")
    browser.find(".introduction", "Replace the profile")
    browser.find(".introduction .badge", "signed in, if allowed")
    browser.find(".introduction .badge", "fresh")
    parameters = rows(browser, "Parameters")
    assert parameters["userId"].startswith("userId required path string")
    assert "header" in parameters["If-Match"]
    fields = rows(browser, "Fields of the body")
    assert fields["name"].startswith("name required string at most 100 characters")
    assert fields["role"] == 'role string one of "user", "admin"'
    browser.click(".response summary", "stale")
    stale = browser.find(".response[open]").text
    assert "The stored version is not one that the caller is willing to replace" in stale
    browser.click(".response summary", "forbidden")
    browser.find(".response[open] .codes", "reauthentication_required")
    browser.find(".response[open] .codes", "You are not allowed to do this")
    browser.click(".response summary", "200")
    fields = rows(browser, "Fields of the response 200")
    assert {"success", "data", "id", "name"} <= fields.keys()
    assert "format date-time" in fields["createdAt"]


@pytest.mark.parametrize(
    ("verb", "path", "who"),
    [
        ("POST", "/api/auth/login", ["anyone"]),
        ("GET", "/api/auth/me", ["signed in"]),
        ("GET", "/api/users", ["administrators"]),
        ("POST", "/api/users", ["administrators", "fresh"]),
    ],
)
def test_reference_says_who_may_call(browser: Browser, verb: str, path: str, who: list[str]) -> None:
    form(browser, verb, path)
    assert browser.run("return [...document.querySelectorAll('.badge')].map((one) => one.textContent)") == who


HOSTILE = "<img src=x onerror=alert(1)>"
SCHEMAS = {
    "Node": {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "minLength": 3, "maxLength": 3, "pattern": "^a", "description": HOSTILE},
            "children": {"type": "array", "maxItems": 5, "items": {"$ref": "#/components/schemas/Node"}},
            "owner": {"anyOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "null"}]},
            "value": {
                "oneOf": [
                    {"type": "integer", "minimum": 1},
                    {"type": "object", "properties": {"text": {"type": "string"}}},
                ]
            },
        },
    },
    "Owner": {"allOf": [{"properties": {"name": {"type": "string"}}}, {"required": ["name"]}]},
}


# The document is passed as a text: chromedriver would sort its names.
RENDER = """
return (async (text, description) => {
  window.fetch = async () => Response.json({ version: "1", problem: "", document: JSON.parse(text) });
  const load = (name) => import(`./${name}.js`);
  const [openapi, schema, reference] = await Promise.all(["openapi", "schema", "reference"].map(load));
  await openapi.load();
  const node = { $ref: "#/components/schemas/Node" };
  const body = { description, content: { "application/json": { schema: node } } };
  document.body.append(...reference.parts({ parameters: [], requestBody: body }).filter(Boolean));
  return [schema.fields(node), document.querySelectorAll("img[src=x]").length];
})(...arguments);
"""


def test_schemas_are_resolved_and_their_texts_are_only_texts(browser: Browser) -> None:
    fields, images = browser.run(RENDER, json.dumps({"components": {"schemas": SCHEMAS}, "paths": {}}), HOSTILE)
    shown = [(one["name"], one["depth"], one["type"], one["rules"]) for one in fields]
    assert shown == [
        ("id", 0, "string", ["exactly 3 characters", "matches ^a"]),
        ("children", 0, "array of object", ["at most 5 items"]),
        ("id", 1, "string", ["exactly 3 characters", "matches ^a"]),
        ("children", 1, "array of object", ["at most 5 items"]),
        ("owner", 1, "object or null", []),
        ("name", 2, "string", []),
        ("value", 1, "integer or object", []),
        ("either", 2, "integer", ["at least 1"]),
        ("or", 2, "object", []),
        ("text", 3, "string", []),
        ("owner", 0, "object or null", []),
        ("name", 1, "string", []),
        ("value", 0, "integer or object", []),
        ("either", 1, "integer", ["at least 1"]),
        ("or", 1, "object", []),
        ("text", 2, "string", []),
    ]
    assert [one["required"] for one in fields if one["name"] == "name"] == [True, True]
    assert images == 0


def test_one_click_signs_in_as_administrator(browser: Browser) -> None:
    sign_in(browser)
    form(browser, "GET", "/api/auth/me")
    status, text = send(browser)
    assert (status, json.loads(text)["data"]["user"]["role"]) == (200, "admin")
    browser.click("button", "Sign out")
    browser.find("#session", "Not signed in")


def test_sessions_of_several_users_are_switched(browser: Browser, runner: RunnerProcess) -> None:
    add_user(runner, "Judith")
    sign_in(browser)
    sign_in(browser, "judith@example.com")
    form(browser, "GET", "/api/auth/me")

    def me() -> str:
        return str(json.loads(send(browser)[1])["data"]["user"]["email"])

    assert me() == "judith@example.com"
    browser.run("document.querySelector('#session select').focus()")
    browser.press(UP)
    assert browser.run("return [document.activeElement.localName, document.activeElement.value]") == [
        "select",
        "admin@example.com",
    ]
    assert me() == "admin@example.com"
    browser.click("#session button", "Switch user")
    browser.click("dialog [aria-label='Switch to judith@example.com']")
    assert me() == "judith@example.com"
    browser.click("button", "Sign out")
    browser.find("#session", "Signed in as admin@example.com (admin)")
    assert me() == "admin@example.com"


CHOOSE = """
const select = document.querySelector(arguments[0]);
select.value = arguments[1];
select.dispatchEvent(new Event("change", { bubbles: true }));
"""


def test_disabled_user_cannot_be_signed_in(browser: Browser, runner: RunnerProcess) -> None:
    user_id = add_user(runner, "Mallory")
    change = {
        "TableName": "UsersTable",
        "Key": {"id": {"S": user_id}},
        "UpdateExpression": "SET #s = :s",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "disabled"}},
    }
    runner.aws.call("dynamodb", "UpdateItem", change)
    browser.click("#session button", "Other users")
    browser.find("#user-filter").type("mallory")
    browser.find("dialog .user", "user, disabled")
    button = "dialog [aria-label='Sign in as mallory@example.com']"
    # The filter may replace the list in the meantime.
    browser.until(lambda: browser.find(button).attribute("disabled"), "the button to be disabled")
    headers = {"Origin": f"http://127.0.0.1:{runner.port}", "X-Local-Page": "1", "Content-Type": "application/json"}
    for email, why in (("mallory@example.com", "disabled"), ("nobody@example.com", "No account")):
        answer = runner.request("POST", "/_local/sign-in.json", json.dumps({"email": email}), headers)
        assert answer.status == 409
        assert why in answer.json["message"]


@pytest.mark.parametrize(("verb", "button"), [("PUT", "Send"), ("PATCH", "Send"), ("DELETE", "Delete…")])
def test_no_form_begins_with_an_id_or_with_rights(browser: Browser, verb: str, button: str) -> None:
    sign_in(browser)
    form(browser, verb, "/api/users/{userId}")
    assert browser.labelled("userId").value == ""
    if verb != "DELETE":
        assert not {"role", "status"} & body(browser).keys()
    browser.click(".try button", button)
    assert browser.run("return document.querySelector('[name=userId]').matches(':invalid')")
    assert browser.run("return document.getElementById('answer').hidden"), "nothing was sent"


def test_change_begins_with_the_current_values_of_the_chosen_user(browser: Browser, runner: RunnerProcess) -> None:
    user_id = add_user(runner, "Edith")
    sign_in(browser)
    form(browser, "PUT", "/api/users/{userId}")
    browser.labelled("userId").type("edith")
    options = "return [...document.querySelectorAll('datalist option')].map((one) => [one.value, one.label])"
    browser.until(lambda: [user_id, "edith@example.com"] in browser.run(options), "the suggestion")
    browser.labelled("userId").type(user_id)
    browser.press(TAB)
    browser.find("form [role=status]", "These are the current values")
    assert body(browser) == {"name": "Edith", "role": "user", "status": "active"}
    assert send(browser, {**body(browser), "name": "Edith Clarke"})[0] == 200


def test_deletion_names_what_it_deletes(browser: Browser, runner: RunnerProcess) -> None:
    user_id = add_user(runner, "Victor")
    sign_in(browser)
    form(browser, "DELETE", "/api/users/{userId}")
    browser.labelled("userId").type(user_id)
    browser.click(".try button", "Delete…")
    browser.find("dialog h2", "Delete victor@example.com?")
    browser.find("dialog", f"DELETE /api/users/{user_id}")
    browser.find("dialog", "The request is sent as admin@example.com.")
    assert browser.run("return document.activeElement.textContent") == "Cancel"
    browser.click("dialog button", "Cancel")
    assert runner.get(f"/_local/users.json?text={user_id}").json["users"]
    browser.click(".try button", "Delete…")
    browser.click("dialog .actions button", "Delete")
    browser.find("#answer .outcome", "204")
    assert not runner.get(f"/_local/users.json?text={user_id}").json["users"]


def test_code_of_the_newest_email_is_offered(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/register")
    person = {"name": "Hedy", "email": "hedy@example.com", "password": PASSWORD}
    assert send(browser, person)[0] == 202
    form(browser, "POST", "/api/auth/verify-email")
    browser.find(".offers li", "hedy@example.com")
    browser.click(".offers button", "Use link")
    assert set(body(browser)) == {"token", "registration"}
    browser.click(".offers button", "Use code")
    proofs = body(browser)
    assert proofs["email"] == "hedy@example.com"
    assert re.fullmatch(r"\d{6}", proofs["code"])
    assert send(browser)[0] == 200
    browser.find("#session", "Signed in as hedy@example.com (user)")


def test_codes_of_apps_and_recovery_codes_are_offered(browser: Browser, runner: RunnerProcess) -> None:
    add_user(runner, "Radia")
    sign_in(browser, "radia@example.com")
    form(browser, "POST", "/api/auth/factors")
    added = json.loads(send(browser, {"type": "totp", "name": "Radia's phone"})[1])["data"]
    form(browser, "POST", "/api/auth/factors/{factorId}")
    browser.labelled("factorId").type(added["id"])
    browser.find(".offers li", "not confirmed yet")
    browser.click(".offers button", "Use code")
    codes = json.loads(send(browser)[1])["data"]["recoveryCodes"]
    view(browser, "Inbox")
    # No longer used, if the next period has begun.
    shown = re.compile(r"\d{3} \d{3}\s+radia@example.com, Radia's phone, (used, )?\d+ s")
    browser.until(lambda: shown.fullmatch(browser.find("#app-codes li", "radia@example.com").text), "the confirmed app")

    form(browser, "POST", "/api/auth/login")
    status, text = send(browser, {"email": "radia@example.com", "password": PASSWORD})
    assert status == 403
    form(browser, "POST", "/api/auth/mfa")
    assert body(browser)["token"] == json.loads(text)["mfa"]["token"]
    browser.click(".offers button", "Use code")
    assert re.fullmatch(r"\d{6}", body(browser)["code"])
    browser.click(".offers button", "Use recovery code")
    assert body(browser) == {"token": json.loads(text)["mfa"]["token"], "recoveryCode": codes[0]}
    assert send(browser)[0] == 200

    form(browser, "POST", "/api/auth/reauthenticate")
    browser.find(".offers li", "radia@example.com, 9 left")
    browser.click(".offers button", "Use recovery code")
    assert body(browser) == {"recoveryCode": codes[1]}
    assert send(browser)[0] == 200
    kept = "".join(
        json.dumps(runner.get(f"/_local/exchanges/{row['number']}.json").json)
        for row in runner.get("/_local/news.json").json["requests"]
    )
    for secret in (added["secret"], json.loads(text)["mfa"]["token"], *codes):
        assert secret not in kept


def snippet(browser: Browser, name: str) -> str:
    browser.click("button", f"Copy as {name}")
    browser.find(".snippet strong", name)
    return str(browser.run("return document.querySelector('.snippet pre').textContent"))


def run(shell: str) -> tuple[str, str]:
    """Run the text in a shell. Returns its output, and the command without the line with the token."""
    done = subprocess.run(["sh", "-eu"], input=shell, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, re.sub(r"^TOKEN=.*\n", "", shell)


def test_request_copied_as_curl_runs_in_a_shell(browser: Browser, runner: RunnerProcess) -> None:
    user_id = add_user(runner, "Quentin")
    sign_in(browser)
    form(browser, "PATCH", "/api/users/{userId}")
    browser.labelled("userId").type(user_id)
    browser.press(TAB)
    browser.find("form [role=status]", "These are the current values")
    name = 'O\'Neil "$HOME" `id` \\ é & %'
    browser.labelled("Body").type(json.dumps({"name": name}, ensure_ascii=False))
    output, command = run(snippet(browser, "curl"))
    assert json.loads(output)["data"]["name"] == name
    assert "eyJ" not in command
    assert '-H "Authorization: Bearer $TOKEN"' in command
    form(browser, "GET", "/api/users")
    browser.labelled("email").type("quentin@example.com")
    browser.labelled("limit").type("5")
    output, _ = run(snippet(browser, "curl"))
    assert [user["id"] for user in json.loads(output)["data"]] == [user_id]


@pytest.mark.parametrize("kind", ["JSON", "Form, urlencoded", "Form, multipart"])
def test_form_copied_as_curl_runs_in_a_shell(browser: Browser, runner: RunnerProcess, kind: str) -> None:
    form(browser, "POST", "/api/contact")
    browser.run(CHOOSE, "[name=kind]", kind)
    message = f"{kind}: it's @me; <b> & é\n100% = $1"
    fields = {"name": "Ada", "email": "ada@example.com", "message": message}
    browser.labelled("Body").type(json.dumps(fields))
    output, _ = run(snippet(browser, "curl"))
    submission = json.loads(output)["data"]["id"]
    items = runner.aws.call("dynamodb", "Scan", {"TableName": "SubmissionsTable"})["Items"]
    (stored,) = [item for item in items if submission in json.dumps(item)]
    assert json.dumps(message) in json.dumps(stored)


def test_request_is_copied_as_typescript(browser: Browser) -> None:
    form(browser, "POST", "/api/contact")
    fields = {"name": "Ada", "email": "ada@example.com", "message": "Hi", "x-y": [1, None]}
    browser.labelled("Body").type(json.dumps(fields))
    browser.labelled("Idempotency-Key").type("")
    assert snippet(browser, "TypeScript") == (
        'await client.POST("/api/contact", {\n'
        '  body: { name: "Ada", email: "ada@example.com", message: "Hi", "x-y": [1, null] },\n'
        "});\n"
    )
    form(browser, "GET", "/api/users/{userId}")
    browser.labelled("userId").type("7")
    assert snippet(browser, "TypeScript") == (
        'await client.GET("/api/users/{userId}", { params: { path: { userId: "7" } } });\n'
    )
    form(browser, "GET", "/api/users")
    browser.labelled("limit").type("5")
    assert snippet(browser, "TypeScript") == 'await client.GET("/api/users", { params: { query: { limit: 5 } } });\n'
    form(browser, "GET", "/api/health")
    assert snippet(browser, "TypeScript") == 'await client.GET("/api/health");\n'


def preflight(runner: RunnerProcess, **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", runner.port)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("OPTIONS", "/api/users", headers={"Access-Control-Request-Method": "GET"} | names)
    connection.getresponse().read()
    connection.close()


def test_row_says_why_cors_refused(browser: Browser, runner: RunnerProcess) -> None:
    view(browser, "Requests")
    preflight(runner, Origin="https://refused.example")
    browser.find("#request-filter").type("cors")
    assert "poor" in (browser.find("#requests td.status", "204").attribute("class") or "")
    browser.find("#requests td.status .badge", "CORS")
    browser.click("#requests button")
    browser.find(".detail-row", "https://refused.example is not in CorsOrigins; set it in .env.local")


def test_row_shows_headers_and_bodies_without_secrets(browser: Browser, runner: RunnerProcess) -> None:
    view(browser, "Requests")
    login = {"email": "admin@example.com", "password": PASSWORD}
    token = runner.post("/api/auth/login", login).json["token"]
    browser.find("#request-filter").type("/api/auth/login 200")
    browser.click("#requests button")
    sent = json.loads(browser.find("[aria-label='Body of the request']").text)
    assert sent == {"email": "admin@example.com", "password": "•••"}
    received = json.loads(browser.find("[aria-label='Body of the response']").text)
    assert (received["token"], received["refreshToken"], received["device"]) == ("•••", "•••", "•••")
    assert received["user"]["email"] == "admin@example.com"
    browser.click("[aria-label=Response] summary", "Headers")
    assert "application/json" in browser.find("[aria-label=Response] dl").text
    for secret in (PASSWORD, token):
        assert secret not in browser.run("return document.body.textContent")


def open_item(browser: Browser, runner: RunnerProcess, **item: Any) -> dict[str, Any]:
    """Store an item among the suppressions and open it. Returns it."""
    runner.aws.call("dynamodb", "PutItem", {"TableName": "SuppressionsTable", "Item": item})
    view(browser, "Tables")
    browser.click("#tables a", "SuppressionsTable")
    find_item(browser, item["email"]["S"])
    return item


def find_item(browser: Browser, key: str) -> None:
    browser.labelled("email").type(key)
    browser.click(".filter button", "Find")
    browser.until(lambda: browser.run("return document.querySelectorAll('.items tbody tr').length") == 1, "one row")
    browser.click(".items button", key)
    browser.find("dialog table")


def stored(runner: RunnerProcess, email: str) -> Any:
    key = {"email": {"S": email}}
    return runner.aws.call("dynamodb", "GetItem", {"TableName": "SuppressionsTable", "Key": key}).get("Item")


def test_item_is_edited_with_its_types_and_deleted(browser: Browser, runner: RunnerProcess) -> None:
    email = "edited@example.com"
    item = open_item(browser, runner, email={"S": email}, at={"N": "12345678901234567890.5"}, raw={"B": "AAEC"})
    browser.find("dialog td", "12345678901234567890.5")
    browser.click("dialog button", "Edit as JSON")
    assert json.loads(browser.find("dialog textarea").value) == item
    browser.find("dialog textarea").type('{"email": {"S": "other"}}')
    browser.click("dialog button", "Save")
    browser.find("dialog [role=alert]", "The key (email) cannot change")
    browser.find("dialog textarea").type("{half")
    browser.click("dialog button", "Save")
    browser.find("dialog [role=alert]", "This is not JSON")
    after = {**item, "tags": {"SS": ["a", "b"]}}
    browser.find("dialog textarea").type(json.dumps(after))
    browser.click("dialog button", "Save")
    browser.until(lambda: not browser.run("return document.querySelector('dialog')"), "the dialog to close")
    assert stored(runner, email) == after
    find_item(browser, email)
    browser.click("dialog button", "Delete…")
    browser.find("dialog h2", f"Delete the item {email}?")
    browser.click("dialog .actions .primary", "Delete")
    browser.until(lambda: stored(runner, email) is None, "the deletion")
    browser.find("#table [role=status]", "No item has this key")


def test_item_that_changed_meanwhile_is_not_overwritten(browser: Browser, runner: RunnerProcess) -> None:
    item = open_item(browser, runner, email={"S": "raced@example.com"}, at={"N": "1"})
    other = {**item, "at": {"N": "2"}}
    browser.click("dialog button", "Edit as JSON")
    runner.aws.call("dynamodb", "PutItem", {"TableName": "SuppressionsTable", "Item": other})
    browser.find("dialog textarea").type(json.dumps({**item, "at": {"N": "3"}}))
    browser.click("dialog button", "Save")
    browser.find("dialog [role=alert]", "The item has changed since it was shown")
    assert stored(runner, "raced@example.com") == other


def test_table_counts_bookkeeping_apart_and_is_exported(browser: Browser, runner: RunnerProcess) -> None:
    view(browser, "Tables")
    browser.find("#tables a", ", 1 bookkeeping")
    browser.click("#tables a", "UsersTable")
    browser.find(".items tr.bookkeeping", "admins")
    link = browser.find("#table a", "Export as JSON")
    assert link.attribute("download") == "UsersTable.json"
    answer = runner.get(f"/_local/{link.attribute('href')}")
    assert {"S": "admins"} in [item["id"] for item in answer.json]


def test_page_works_without_a_document(tab: Browser, runner: RunnerProcess) -> None:
    """As in a project that has none: the answer of the runner is replaced in the page."""
    problem = "There is no docs/openapi.json, so the routes are those of the template, without a description."
    script = """
    const [problem, real] = [%s, window.fetch];
    window.fetch = (address, ...more) => String(address).startsWith("document.json")
      ? Promise.resolve(Response.json({ version: "none", problem, document: null })) : real(address, ...more);
    """
    added = tab.devtools("Page.addScriptToEvaluateOnNewDocument", source=script % json.dumps(problem))
    try:
        tab.open(f"http://localhost:{runner.port}/_local/#routes")
        tab.find(".notice", problem)
        form(tab, "POST", "/api/auth/login")
        tab.find("#route .notice", problem)
        assert body(tab) == {"email": "admin@example.com", "password": PASSWORD}
        assert send(tab)[0] == 200
        form(tab, "GET", "/api/users")
        tab.labelled("Query").type("limit=1")
        assert len(json.loads(send(tab)[1])["data"]) == 1
        form(tab, "DELETE", "/api/users/{userId}")
        assert tab.labelled("userId").value == ""
    finally:
        tab.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


Send = Callable[..., None]


def test_offers_follow_a_new_email(browser: Browser, send_email: Send) -> None:
    form(browser, "POST", "/api/auth/reset-password")
    send_email("late@example.com", "Choose a new password", text="https://app.example.com/reset?token=late.Token%2D1")
    browser.find(".offers li", "late@example.com")
    browser.click(".offers button", "Use link")
    assert body(browser)["token"] == "late.Token-1"


def test_sign_in_that_fails_says_why(browser: Browser, runner: RunnerProcess) -> None:
    user_id = add_user(runner, "Oscar")
    browser.click("#session button", "Other users")
    browser.find("#user-filter").type("oscar")
    button = "dialog [aria-label='Sign in as oscar@example.com']"
    browser.find(button)
    runner.aws.call(
        "dynamodb", "DeleteItem", {"TableName": "CredentialsTable", "Key": {"email": {"S": "oscar@example.com"}}}
    )
    browser.click(button)
    browser.find("dialog [role=status]", "No account has this address.")
    runner.aws.call("dynamodb", "DeleteItem", {"TableName": "UsersTable", "Key": {"id": {"S": user_id}}})
