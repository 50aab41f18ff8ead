import { expect, test, vi } from "vitest";
import { localStorageStore, memoryStore, type SessionStore } from "../src/index.js";
import { ADMIN, admin, alter, FakeStorage, gate, party, type Party, REFRESH, user, webLocks } from "./support.js";

const ME = "GET /api/auth/me";
const tokenOf = (store: SessionStore) => store.read().session?.token;

test("an access token that is about to expire is refreshed before it is sent", async () => {
  const { client, store, wire } = await admin({ refreshIn: 60 });
  const before = tokenOf(store);
  alter(store, { expiresAt: Date.now() + 61_000 });
  await client.GET("/api/auth/me");
  expect(wire.calls).toEqual([ME]);
  alter(store, { expiresAt: Date.now() + 59_000 });
  await client.GET("/api/auth/me");
  expect(wire.calls).toEqual([ME, REFRESH, ME]);
  expect(tokenOf(store)).not.toBe(before);
  expect(wire.header("Authorization")).toEqual([`Bearer ${before}`, null, `Bearer ${tokenOf(store)}`]);
});

test("the life of an access token begins when it arrives", async () => {
  const { client } = await admin();
  const left = (client.auth.session()?.expiresAt ?? 0) - Date.now();
  expect(left).toBeGreaterThan(3_590_000);
  expect(left).toBeLessThanOrEqual(3_600_000);
});

test("a rejected access token is refreshed, and the call is sent once more", async () => {
  const { client, store, wire } = await admin();
  alter(store, { token: "garbled" });
  const { data } = await client.GET("/api/auth/me");
  expect(data.data.user.email).toBe(ADMIN.email);
  expect(wire.calls).toEqual([ME, REFRESH, ME]);
});

test("a call is sent once more only once", async () => {
  const { client, wire } = await admin();
  const rejected = async () =>
    Response.json({ success: false, code: "invalid_token", message: "", requestId: "" }, { status: 401 });
  wire.next.push(rejected, (request) => fetch(request), rejected);
  await expect(client.GET("/api/auth/me")).rejects.toMatchObject({ code: "invalid_token" });
  expect(wire.calls).toEqual([ME, REFRESH, ME]);
});

test("parallel calls cause one refresh", async () => {
  const { client, store, wire } = await admin();
  alter(store, { token: "garbled", expiresAt: 0 });
  await Promise.all([client.GET("/api/auth/me"), client.GET("/api/auth/sessions"), client.auth.accessToken()]);
  expect(wire.count(REFRESH)).toBe(1);
});

test("operations without a token send none, and do not refresh", async () => {
  const { client, store, wire } = await admin();
  alter(store, { expiresAt: 0 });
  await client.GET("/api/health");
  expect(wire.calls).toEqual(["GET /api/health"]);
  expect(wire.header("Authorization")).toEqual([null]);
});

/** Two tabs: one localStorage, and one set of Web Locks. */
async function tabs(): Promise<[Party, Party]> {
  vi.stubGlobal("navigator", { locks: webLocks() });
  vi.stubGlobal("localStorage", new FakeStorage());
  return [await admin({}, localStorageStore()), party({}, localStorageStore())];
}

test("tabs cause one refresh", async () => {
  const [one, two] = await tabs();
  alter(one.store, { expiresAt: 0 });
  await Promise.all([one.client.GET("/api/auth/me"), two.client.GET("/api/auth/me")]);
  expect(one.wire.count(REFRESH) + two.wire.count(REFRESH)).toBe(1);
  expect(two.client.auth.session()?.user.email).toBe(ADMIN.email);
});

test("two clients of one store cause one refresh without Web Locks", async () => {
  vi.stubGlobal("navigator", {});
  const store = memoryStore();
  const [one, two] = [await admin({}, store), party({}, store)];
  alter(store, { expiresAt: 0 });
  await Promise.all([one.client.GET("/api/auth/me"), two.client.GET("/api/auth/me")]);
  expect(one.wire.count(REFRESH) + two.wire.count(REFRESH)).toBe(1);
});

test("a refresh in flight does not bring back a session that was signed out", async () => {
  const [one, two] = await tabs();
  alter(one.store, { expiresAt: 0 });
  const [sent, release] = [gate(), gate()];
  one.wire.next.push(async (request) => {
    const response = await fetch(request);
    sent.open();
    await release.opened;
    return response;
  });
  const call = one.client.GET("/api/auth/me").catch((error) => error);
  await sent.opened;
  const writes = vi.spyOn(localStorage, "setItem");
  const signedOut = two.client.auth.signOut();
  // At once, although the refresh holds the lock.
  expect(two.client.auth.session()).toBeNull();
  release.open();
  await signedOut;
  await call;
  // Not even for a moment.
  expect(writes.mock.calls.filter(([, text]) => text.includes("refreshToken"))).toEqual([]);
  expect(two.wire.calls.at(-1)).toBe("POST /api/auth/logout");
});

test("a refresh in flight does not replace the session of another user", async () => {
  const [one, two] = await tabs();
  const other = await user();
  alter(one.store, { expiresAt: 0 });
  const [sent, release] = [gate(), gate()];
  one.wire.next.push(async (request) => {
    const response = await fetch(request);
    sent.open();
    await release.opened;
    return response;
  });
  const call = one.client.GET("/api/auth/me").catch((error) => error);
  await sent.opened;
  const signedIn = two.client.auth.signIn({ email: other.email, password: "correct horse battery" });
  release.open();
  await Promise.all([signedIn, call]);
  expect(one.client.auth.session()?.user.email).toBe(other.email);
});

test("a call is not sent again as another user", async () => {
  const { client, store, wire } = await admin();
  const other = await user();
  wire.next.push(async () => {
    store.write(other.store.read());
    return Response.json({ success: false, code: "token_expired", message: "", requestId: "" }, { status: 401 });
  });
  await expect(client.GET("/api/auth/me")).rejects.toMatchObject({ code: "token_expired" });
  expect(wire.calls).toEqual([ME]);
});

test("a session that has ended is removed", async () => {
  const { client, store } = await admin();
  alter(store, { refreshToken: "AAAA", expiresAt: 0 });
  const listener = vi.fn();
  client.auth.onChange(listener);
  await expect(client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
  expect(store.read().session).toBeUndefined();
  expect(store.read().device).toBeTruthy();
  expect(listener).toHaveBeenCalledWith(null);
});

test.each([
  ["no network", () => Promise.reject(new TypeError("fetch failed"))],
  ["503", async () => new Response("", { status: 503 })],
  ["429", async () => new Response("", { status: 429, headers: { "Retry-After": "60" } })],
])("a refresh that fails with %s keeps the session", async (_, failure) => {
  const { client, store, wire } = await admin();
  // A token that is still valid is used.
  alter(store, { expiresAt: Date.now() + 10_000 });
  wire.next.push(failure);
  await client.GET("/api/auth/me");
  alter(store, { expiresAt: 0 });
  wire.next.push(failure);
  await expect(client.GET("/api/auth/me")).rejects.toBeInstanceOf(Error);
  expect(store.read().session).toBeDefined();
  await client.GET("/api/auth/me");
});

test("a refresh runs on when the call that caused it is aborted", async () => {
  const { client, store, wire } = await admin();
  alter(store, { expiresAt: 0 });
  const [sent, release] = [gate(), gate()];
  wire.next.push(async (request) => {
    sent.open();
    await release.opened;
    return fetch(request);
  });
  const abort = new AbortController();
  const call = client.GET("/api/auth/me", { signal: abort.signal });
  await sent.opened;
  abort.abort();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
  release.open();
  await client.GET("/api/auth/me");
  expect(wire.calls).toEqual([REFRESH, ME]);
});
