import { randomUUID } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { ApiError, createClient, NetworkError } from "../src/index.js";
import { ADMIN, admin, newAddress, party, user, Wire } from "./support.js";

const lost = () => Promise.reject(new TypeError("fetch failed"));
const status = (code: number, headers: Record<string, string> = {}) => async () => new Response("", { status: code, headers });
const contact = () => ({ name: "Ada", email: newAddress(), message: randomUUID() });

afterEach(() => {
  vi.useRealTimers();
});

/** A client of responses that are given. Time passes only in the test. */
function scripted(...responses: Wire["fetch"][]) {
  vi.useFakeTimers();
  const wire = new Wire();
  wire.next.push(...responses);
  return { wire, client: createClient({ baseUrl: "http://api.test", fetch: wire.fetch }) };
}

const healthy = async () => Response.json({ success: true, data: { status: "ok", version: "1" } });

test("a repeated request has the same key, and takes effect once", async () => {
  const { client, wire } = party();
  const body = contact();
  wire.next.push(async (request) => {
    await fetch(request);
    throw new TypeError("connection lost");
  });
  await client.POST("/api/contact", { body });
  expect(wire.requests).toHaveLength(2);
  const keys = wire.header("Idempotency-Key");
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);

  const found: string[] = [];
  const reader = await admin();
  for await (const { message } of reader.client.pages("/api/contact", { params: { query: { limit: 100 } } })) {
    if (message === body.message) found.push(message);
  }
  expect(found).toHaveLength(1);
});

test("two calls have two keys, and the caller's own key is kept", async () => {
  const { client, wire } = party();
  await client.POST("/api/contact", { body: contact() });
  await client.POST("/api/contact", { body: contact() });
  await client.POST("/api/contact", { body: contact(), params: { header: { "Idempotency-Key": "mine-1" } } });
  expect(new Set(wire.header("Idempotency-Key")).size).toBe(3);
  expect(wire.header("Idempotency-Key")[2]).toBe("mine-1");
});

test("only operations that document a key get one", async () => {
  const { client, wire } = await admin();
  await client.GET("/api/users");
  expect(wire.header("Idempotency-Key")).toEqual([null]);
});

test("what may have taken effect is not sent again", async () => {
  const { client, wire } = scripted(lost, status(503));
  await expect(client.auth.forgotPassword({ email: "ada@example.com" })).rejects.toBeInstanceOf(NetworkError);
  await expect(client.auth.forgotPassword({ email: "ada@example.com" })).rejects.toBeInstanceOf(ApiError);
  expect(wire.requests).toHaveLength(2);
});

test("reading is repeated twice at most", async () => {
  const { client, wire } = scripted(lost, status(503), lost);
  const call = expect(client.GET("/api/health")).rejects.toBeInstanceOf(NetworkError);
  await vi.runAllTimersAsync();
  await call;
  expect(wire.requests).toHaveLength(3);
});

test.each([429, 503])("after a %i the next try waits as long as Retry-After says", async (code) => {
  const { client, wire } = scripted(status(code, { "Retry-After": "5" }), healthy);
  const call = client.GET("/api/health");
  await vi.advanceTimersByTimeAsync(4999);
  expect(wire.requests).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect((await call).data.data.status).toBe("ok");
});

test("after a 429 every request is sent again, because nothing was done", async () => {
  const { client, wire } = scripted(status(429, { "Retry-After": "1" }), async () => Response.json({ message: "Sent" }));
  const call = client.auth.forgotPassword({ email: "ada@example.com" });
  await vi.runAllTimersAsync();
  expect(await call).toEqual({ message: "Sent" });
  expect(wire.requests).toHaveLength(2);
});

test("a longer wait than maxWait is the caller's to decide", async () => {
  const { client, wire } = scripted(status(429, { "Retry-After": "6" }));
  await expect(client.GET("/api/health")).rejects.toMatchObject({ status: 429, retryAfter: 6 });
  expect(wire.requests).toHaveLength(1);
});

test("an abort ends the wait for the next try", async () => {
  const { client, wire } = scripted(status(503, { "Retry-After": "5" }), healthy);
  const abort = new AbortController();
  const call = expect(client.GET("/api/health", { signal: abort.signal })).rejects.toThrow("enough");
  await vi.advanceTimersByTimeAsync(1000);
  abort.abort(new Error("enough"));
  await call;
  expect(vi.getTimerCount()).toBe(0);
  await vi.runAllTimersAsync();
  expect(wire.requests).toHaveLength(1);
});

test("an abort during a request is not a network error, and is not repeated", async () => {
  const { client, wire } = party();
  const abort = new AbortController();
  wire.next.push((request) => {
    abort.abort();
    return fetch(request);
  });
  const init = { body: { email: newAddress() }, signal: abort.signal };
  await expect(client.POST("/api/auth/forgot-password", init)).rejects.toMatchObject({ name: "AbortError" });
  expect(wire.requests).toHaveLength(1);
});

test("a body that is not the API's is an error with the status", async () => {
  const { client } = scripted(async () => new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
  await expect(client.GET("/api/health")).rejects.toMatchObject({ status: 502, code: "unknown", message: "Bad Gateway" });
});

test("a connection lost within the body is a network error", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) });
  const { client } = scripted(async () => new Response(body));
  await expect(client.GET("/api/health")).rejects.toBeInstanceOf(NetworkError);
});

test("a stale version is refused", async () => {
  const { client, store } = await user();
  const path = { userId: store.read().session?.user.id ?? "" };
  const { etag } = await client.GET("/api/users/{userId}", { params: { path } });
  const params = { path, header: { "If-Match": etag ?? "" } };
  const changed = await client.PATCH("/api/users/{userId}", { params, body: { name: "Grace Hopper" } });
  expect(changed.data.data.name).toBe("Grace Hopper");
  expect(changed.etag).not.toBe(etag);
  await expect(client.PATCH("/api/users/{userId}", { params, body: { name: "Ada" } })).rejects.toMatchObject({
    status: 412,
    code: "stale",
  });
});

test("an account that is deleted has no body", async () => {
  const { client, store } = await user();
  const path = { userId: store.read().session?.user.id ?? "" };
  expect((await client.DELETE("/api/users/{userId}", { params: { path } })).data).toBeUndefined();
});

test("a server names its user", async () => {
  const proxy = { key: "local-development-proxy-key", clientIp: "203.0.113.7", userAgent: "Firefox" };
  const { client } = party({ proxy });
  await client.auth.signIn(ADMIN);
  const { data } = await client.GET("/api/auth/sessions");
  expect(data.data.find(({ current }) => current)).toMatchObject({ ip: "203.0.113.7", userAgent: "Firefox" });
});

test("an operation that the client does not know gets the token", async () => {
  const { client, wire } = await admin();
  const unknown = client as unknown as Record<"GET", (path: string, init: object) => Promise<unknown>>;
  await expect(unknown.GET("/api/orders", {})).rejects.toMatchObject({ status: 404 });
  await client.GET("/api/health", {});
  const [first, second] = wire.header("Authorization");
  expect(first).toMatch(/^Bearer ey/);
  expect(second).toBeNull();
});

test("a success that is not JSON is a network error", async () => {
  const { client } = scripted(async () => new Response("<h1>Hello</h1>", { headers: { "Content-Type": "text/html" } }));
  await expect(client.GET("/api/health", {})).rejects.toBeInstanceOf(NetworkError);
});

test.each([{ success: false, errors: {} }, { errors: 1 }, { success: false, errors: [{ field: "constructor", message: "is wrong" }] }])(
  "an unusual body of an error, %j, is still an error with the status",
  async (body) => {
    const { client } = scripted(async () => Response.json(body, { status: 400 }));
    await expect(client.GET("/api/health", {})).rejects.toMatchObject({ name: "ApiError", status: 400 });
  },
);
