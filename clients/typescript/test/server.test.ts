import { expect, inject, test } from "vitest";
import { memoryStore, type Session } from "../src/index.js";
import { cookieStore, type CookieAttributes, type Cookies, refreshIfNeeded, requestCookies } from "../src/server.js";
import { ADMIN, admin, alter, newAddress, party, PASSWORD, REFRESH, Wire } from "./support.js";

const ACCESS = "__Host-session-access";
const REFRESH_COOKIE = "__Host-session-refresh";

/** The cookies of a browser, and those that a response sets. They arrive with `receive`, or are lost. */
class Browser implements Cookies {
  readonly kept = new Map<string, string>();
  sent = new Map<string, { value: string; attributes: CookieAttributes }>();
  get = (name: string) => this.kept.get(name);
  set = (name: string, value: string, attributes: CookieAttributes) => void this.sent.set(name, { value, attributes });

  receive() {
    for (const [name, { value, attributes }] of this.sent) {
      if (attributes.maxAge === 0) this.kept.delete(name);
      else this.kept.set(name, value);
    }
    this.sent.clear();
  }
}

/** A browser that is signed in, with an access token for so many seconds. */
async function signedIn(seconds = 3600) {
  const browser = new Browser();
  const { store } = await admin({}, memoryStore());
  alter(store, { expiresAt: Date.now() + seconds * 1000 });
  cookieStore(browser).write(store.read());
  browser.receive();
  return browser;
}

async function refresh(browser: Cookies, wire = new Wire()) {
  return refreshIfNeeded(browser, { baseUrl: inject("url"), fetch: wire.fetch });
}

const works = (browser: Cookies) => party({}, cookieStore(browser)).client.GET("/api/auth/me");

test("signing in sets a cookie for each secret, which scripts cannot read", async () => {
  const browser = new Browser();
  const { client } = party({}, cookieStore(browser));
  await client.auth.register({ name: "Ada Lovelace", email: newAddress(), password: PASSWORD });
  await client.auth.signIn(ADMIN);
  const lives = [...browser.sent].map(([name, { attributes }]) => [name, attributes.maxAge]);
  expect(Object.fromEntries(lives)).toEqual({
    [ACCESS]: expect.closeTo(3600, -1),
    [REFRESH_COOKIE]: 30 * 86400,
    "__Host-session-device": 90 * 86400,
    "__Host-session-registration": 86400,
  });
  for (const { attributes, value } of browser.sent.values()) {
    expect(attributes).toMatchObject({ httpOnly: true, secure: true, sameSite: "lax", path: "/" });
    expect(value).toMatch(/^[\w.-]+$/);
  }
});

test("without TLS the cookies have no prefix", () => {
  const browser = new Browser();
  cookieStore(browser, { secure: false, name: "mine" }).write({ device: "device" });
  expect([...browser.sent]).toMatchObject([["mine-device", { attributes: { secure: false } }]]);
});

test("the largest session fits into cookies", () => {
  const browser = new Browser();
  const session = {
    user: { id: "x".repeat(36), email: "é".repeat(320), name: "😀".repeat(100), role: "admin" as const },
    token: "x".repeat(2000),
    refreshToken: "x".repeat(128),
    expiresAt: Date.now() + 3_600_000,
  };
  cookieStore(browser).write({ session });
  for (const [name, { value }] of browser.sent) expect(name.length + value.length).toBeLessThan(4000);
  browser.receive();
  expect(cookieStore(browser).read().session).toEqual(session);
});

test("signing out deletes the cookies of the session, with all attributes", async () => {
  const browser = await signedIn();
  await party({}, cookieStore(browser)).client.auth.signOut();
  expect([...browser.sent.keys()].sort()).toEqual([ACCESS, REFRESH_COOKIE]);
  expect(browser.sent.get(ACCESS)).toMatchObject({ value: "", attributes: { secure: true, maxAge: 0, path: "/" } });
  browser.receive();
  expect(cookieStore(browser).read()).toMatchObject({ session: undefined, device: expect.any(String) });
});

test.each(["", "AAAA", "%", "bnVsbA"])("the damaged cookie %j is signed out", (value) => {
  const browser = new Browser();
  browser.kept.set(ACCESS, "token").set(REFRESH_COOKIE, value);
  expect(cookieStore(browser).read().session).toBeUndefined();
});

test("a client with cookies never refreshes", async () => {
  const browser = await signedIn(30);
  const { client, wire, store } = party({}, cookieStore(browser));
  await client.GET("/api/auth/me");
  alter(store, { token: "garbled" });
  await expect(client.GET("/api/auth/me")).rejects.toMatchObject({ code: "invalid_token" });
  browser.kept.delete(ACCESS);
  const late = party({}, cookieStore(browser));
  await expect(late.client.GET("/api/auth/me")).rejects.toMatchObject({ code: "no_token" });
  expect(wire.count(REFRESH) + late.wire.count(REFRESH)).toBe(0);
  expect((late.client.auth.session() as Session).user.email).toBe(ADMIN.email);
});

test("nothing is refreshed before it is time", async () => {
  const [wire, browser] = [new Wire(), await signedIn(301)];
  expect(await refresh(browser, wire)).toBe("unchanged");
  expect(await refresh(new Browser(), wire)).toBe("unchanged");
  expect(wire.requests).toHaveLength(0);
  expect(browser.sent.size).toBe(0);
});

test("a refreshed session is used when the browser has sent it back", async () => {
  const browser = await signedIn(299);
  const earlier = browser.kept.get(ACCESS);
  const wire = new Wire();
  expect(await refresh(browser, wire)).toBe("refreshed");
  expect(wire.calls).toEqual([REFRESH]);
  // The request in hand.
  expect(cookieStore(browser).read().session?.token).toBe(earlier);
  await works(browser);
  browser.receive();
  expect(browser.kept.get(ACCESS)).not.toBe(earlier);
  await works(browser);
  expect(await refresh(browser, wire)).toBe("unchanged");
});

test("a lost response does not end the session", async () => {
  const browser = await signedIn(299);
  expect(await refresh(browser)).toBe("refreshed");
  browser.sent.clear();
  await works(browser);
  // The API takes the same refresh token again, because nothing of the lost response was used.
  expect(await refresh(browser)).toBe("refreshed");
  browser.receive();
  await works(browser);
});

test("an idle session is refreshed, and its page loaded again", async () => {
  const browser = await signedIn();
  browser.kept.delete(ACCESS);
  expect(await refresh(browser)).toBe("reload");
  browser.receive();
  await works(browser);
});

test("the cookies of a session that has ended are deleted", async () => {
  const browser = await signedIn(299);
  const { client } = party({}, memoryStore());
  await client.POST("/api/auth/logout", {
    headers: { Authorization: `Bearer ${browser.kept.get(ACCESS)}` },
    body: { scope: "local" },
  });
  expect(await refresh(browser)).toBe("ended");
  browser.receive();
  expect([...browser.kept.keys()]).toEqual(["__Host-session-device"]);
});

test("an API that cannot refresh matters only without a valid token", async () => {
  const wire = new Wire();
  const browser = await signedIn(299);
  wire.next.push(async () => new Response("", { status: 503 }));
  expect(await refresh(browser, wire)).toBe("unchanged");
  browser.kept.delete(ACCESS);
  wire.next.push(async () => new Response("", { status: 503 }));
  await expect(refresh(browser, wire)).rejects.toMatchObject({ status: 503 });
  expect(browser.sent.size).toBe(0);
});

test("the cookies of a request are read from its header, and cannot be set", () => {
  const cookies = requestCookies("a=1; __Host-session-device=x=y;b");
  expect([cookies.get("a"), cookies.get("__Host-session-device"), cookies.get("c")]).toEqual(["1", "x=y", undefined]);
  expect(() => cookieStore(cookies).write({ device: "other" })).toThrow("route handler");
  expect(requestCookies(null).get("a")).toBeUndefined();
});

test("a name that begins with a no-break space, which a subdomain can set, is another name", () => {
  const cookies = requestCookies("__Host-a=1; \u00a0__Host-a=2; \ufeff__Host-b=3;\t__Host-c=4 ");
  expect(["__Host-a", "__Host-b", "__Host-c"].map((name) => cookies.get(name))).toEqual(["1", undefined, "4"]);
});

test("a 401 that is not the API's keeps the session, and so do tokens that are missing", async () => {
  for (const response of [new Response("<h1>Blocked</h1>", { status: 401 }), Response.json({})]) {
    const browser = await signedIn(60);
    const wire = new Wire();
    wire.next.push(async () => response);
    expect(await refresh(browser, wire)).toBe("unchanged");
    expect(browser.sent.size).toBe(0);
  }
});
