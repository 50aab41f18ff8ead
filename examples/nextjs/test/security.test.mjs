/** Refreshes, forms of other origins, forged headers and tokens, and what responses reveal. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { APPLICATION, emailTo, launch, linkIn, newAddress, PASSWORD, REFRESHING, Visitor } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function visitor(t, options) {
  const made = await Visitor.of(browser, options);
  t.after(() => made.close());
  return made;
}

async function cookieHeader({ context }) {
  return (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

async function refreshTokenOf({ context }) {
  const { value } = (await context.cookies()).find(({ name }) => name === "__Host-session-refresh");
  return JSON.parse(Buffer.from(value, "base64url").toString())[0];
}

describe("refreshes", () => {
  test("two pages that refresh at once stay signed in", async (t) => {
    const ada = await visitor(t, { at: REFRESHING });
    await ada.signUp();
    const other = new Visitor(await ada.context.newPage(), ada.context);
    for (let round = 0; round < 3; round += 1) {
      const before = await refreshTokenOf(ada);
      await Promise.all([ada.open("/account"), other.open("/account/sessions")]);
      assert.notEqual(await refreshTokenOf(ada), before);
      await ada.isAt("/account");
      await other.isAt("/account/sessions");
    }
  });

  test("a browser that never got the new cookies stays signed in", async (t) => {
    const ada = await visitor(t, { at: REFRESHING });
    await ada.signUp();
    const before = await refreshTokenOf(ada);
    // The navigation reaches the application, and its response gets lost. Not `route.fetch`, which would keep the cookies.
    const lost = [];
    await ada.page.route("**/account/sessions", async (route) => {
      const response = await fetch(route.request().url(), { headers: { Cookie: await cookieHeader(ada) } });
      lost.push({ text: await response.text(), cookies: response.headers.getSetCookie().join() });
      // With another reason, Chromium would load the page again by itself.
      await route.abort("aborted");
    });
    await assert.rejects(ada.open("/account/sessions"));
    // For 10 s, the API returns the same tokens once more.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    assert.equal(lost.length, 1);
    assert.match(lost[0].text, /this device/);
    assert.match(lost[0].cookies, /session-refresh=/);
    assert.equal(await refreshTokenOf(ada), before);
    await ada.page.unroute("**/account/sessions");
    await ada.open("/account/sessions");
    await ada.isAt("/account/sessions");
    assert.notEqual(await refreshTokenOf(ada), before);
    await ada.open("/account");
    await ada.isAt("/account");
  });

  test("a page and a form go on without an access token, which has expired", async (t) => {
    const ada = await visitor(t);
    await ada.signUp();
    const expire = () => ada.context.clearCookies({ name: "__Host-session-access" });
    await expire();
    await ada.open("/account/security");
    await ada.isAt("/account/security");
    await ada.open("/account");
    await expire();
    await ada.send("Save", { Name: "Ada King" });
    await ada.sees("Your name is saved.");
  });
});

describe("forms of other origins", () => {
  const attack = `<form method="post" action="${APPLICATION}/logout"><input name="verb" value="signOut"><button>Win</button></form>`;

  for (const origin of ["http://attacker.test", "http://localhost:9"]) {
    test(`are refused: ${origin}`, async (t) => {
      const ada = await visitor(t);
      await ada.signUp();
      await ada.page.route(`${origin}/`, (route) => route.fulfill({ contentType: "text/html", body: attack }));
      await ada.open(`${origin}/`);
      const response = ada.page.waitForResponse(/logout/);
      await ada.press("Win");
      assert.equal((await response).status(), 403);
      await ada.open("/account");
      await ada.isAt("/account");
    });
  }

  test("are refused at every handler, as are forms without an origin and very long ones", async (t) => {
    const ada = await visitor(t);
    await ada.signUp();
    const Cookie = await cookieHeader(ada);
    const pages = ["login", "login/second-step", "register", "verify-email", "forgot-password", "reset-password", "account",
      "reauthenticate", "account/sessions", "account/security", "account/security/app", "account/security/recovery-codes",
      "notes", "admin/users", "admin/users/factors"];
    const send = (path, headers, body = "verb=x") =>
      fetch(`${APPLICATION}/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded", Cookie, ...headers },
        body,
      });
    for (const path of ["logout", ...pages.map((page) => `${page}/submit`)]) {
      for (const headers of [{}, { Origin: "null" }, { Origin: `${APPLICATION}.attacker.test` }]) {
        assert.equal((await send(path, headers)).status, 403, path);
      }
      assert.equal((await send(path, { Origin: APPLICATION })).status, 400, path);
    }
    assert.equal((await send("login/submit", { Origin: APPLICATION }, `verb=${"x".repeat(70_000)}`)).status, 413);
  });
});

describe("the client's address", () => {
  const made = {
    Forwarded: "for=203.0.113.9",
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Client-Address": "203.0.113.9",
    "X-Proxy-Client-IP": "203.0.113.9",
  };

  test("is the socket's, whatever headers say", async (t) => {
    const ada = await visitor(t, { extraHTTPHeaders: made });
    await ada.signUp();
    await ada.open("/account/sessions");
    const text = await ada.page.locator("main").textContent();
    assert.match(text, /(127\.0\.0\.1|::1), last used/);
    assert.doesNotMatch(text, /203\.0\.113/);
  });

  test("is the one that a load balancer adds, if that is trusted", async (t) => {
    const extraHTTPHeaders = { ...made, "X-Forwarded-For": "203.0.113.9, 198.51.100.7" };
    const ada = await visitor(t, { at: REFRESHING, extraHTTPHeaders });
    await ada.signUp();
    await ada.open("/account/sessions");
    await ada.sees("198.51.100.7, last used");
  });
});

test("a sign-in leads to pages of this application only", async (t) => {
  const ada = await visitor(t);
  const email = await ada.signUp();
  for (const next of ["//attacker.test", "/\\attacker.test", "https://attacker.test", "/\t/attacker.test", "javascript:alert(1)"]) {
    await ada.signOut();
    await ada.open(`/login?next=${encodeURIComponent(next)}`);
    await ada.send("Sign in", { Email: email, Password: PASSWORD });
    await ada.isAt("/account");
  }
  await ada.open(`/session?next=${encodeURIComponent("//attacker.test")}`);
  await ada.isAt("/account");
});

test("where the API asks for another proof, the user gives it and goes on", async (t) => {
  const ada = await visitor(t, { at: REFRESHING });
  await ada.signUp();
  const change = () => ada.page.locator("form", { hasText: "New email" });
  const newEmail = newAddress();
  await ada.open("/account/security");
  await ada.send("Change email", { "New email": newEmail }, change());
  await ada.isAt("/reauthenticate?next=%2Faccount%2Fsecurity&methods=password");
  await ada.send("Continue", { Password: "wrong horse battery" });
  await ada.sees("Password is wrong");
  await ada.send("Continue", { Password: PASSWORD });
  await ada.isAt("/account/security");
  // What was typed is still there.
  assert.equal(await change().getByLabel("New email").inputValue(), newEmail);
  await ada.press("Change email");
  await emailTo(newEmail);
});

test("a forged or foreign token does not open a page", async (t) => {
  const ada = await visitor(t);
  await ada.signUp();
  const [access] = (await ada.context.cookies()).filter(({ name }) => name === "__Host-session-access");
  const [head, body, signature] = access.value.split(".");
  const forged = [
    `${head}.${body}.${signature.slice(0, -4)}AAAA`,
    `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.${body}.`,
    "x",
  ];
  for (const value of forged) {
    await ada.context.addCookies([{ ...access, value }]);
    const response = await ada.context.request.get(`${APPLICATION}/account`, { maxRedirects: 0 });
    assert.equal(response.status(), 307);
    assert.equal(new URL(response.headers().location, APPLICATION).pathname, "/login");
  }
});

test("tokens are in cookies that scripts cannot read, and in no page", async (t) => {
  const ada = await visitor(t);
  const email = await ada.register();
  const secrets = [];
  const collect = async () => {
    for (const { name, value, httpOnly, secure, sameSite, path } of await ada.context.cookies()) {
      assert.match(name, /^__Host-/);
      assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
      if (/flash/.test(name)) continue;
      secrets.push(value);
      if (/refresh/.test(name)) secrets.push(await refreshTokenOf(ada));
    }
  };
  await collect();
  const bodies = [];
  ada.page.on("response", (response) => bodies.push(response.text().catch(() => "")));
  await ada.open("/verify-email");
  await ada.open(linkIn(await emailTo(email)));
  await ada.send("Confirm");
  await collect();
  for (const path of ["/", "/account", "/account/sessions", "/account/security", "/account/activity", "/notes", "/reauthenticate"]) {
    await ada.open(path);
  }
  assert.ok(secrets.length >= 5);
  const text = (await Promise.all(bodies)).join("");
  for (const secret of secrets) assert.ok(!text.includes(secret));
  assert.equal(await ada.page.evaluate("document.cookie"), "");
});

test("the headers of pages, and a console without a violation", async (t) => {
  const ada = await visitor(t);
  const messages = [];
  ada.page.on("console", (message) => messages.push(message.text()));
  ada.page.on("pageerror", (error) => messages.push(error.message));
  const hosts = new Set();
  ada.page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
  await ada.signUp();
  await ada.open("/account/security");
  const headers = (await ada.open("/login")).headers();
  assert.match(headers["content-security-policy"], /default-src 'none'; script-src 'nonce-\S+' 'strict-dynamic'; style-src 'self';/);
  assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "same-origin");
  assert.match(headers["cache-control"], /no-store/);
  assert.equal(headers["x-powered-by"], undefined);
  assert.deepEqual(messages, []);
  assert.deepEqual([...hosts], ["localhost"]);
});

test("a sign-out is seen by the other tabs", async (t) => {
  const ada = await visitor(t);
  await ada.signUp();
  const other = new Visitor(await ada.context.newPage(), ada.context);
  await other.open("/account/sessions");
  await ada.signOut();
  await other.isAt("/login?next=%2Faccount%2Fsessions");
});

test("an address that nobody has gets the same answer as one that somebody has", async (t) => {
  const ada = await visitor(t);
  const email = await ada.signUp();
  await ada.signOut();
  const answers = [];
  for (const address of [email, newAddress()]) {
    await ada.open("/forgot-password");
    await ada.send("Send a link", { Email: address });
    answers.push(await ada.page.getByRole("status").textContent());
  }
  assert.equal(answers[0], answers[1]);
});
