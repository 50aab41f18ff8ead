import { expect, test } from "vitest";
import { admin, newAddress } from "./support.js";

const LIST = "GET /api/users";

async function withUsers() {
  const made = await admin();
  const emails = [newAddress(), newAddress(), newAddress()];
  for (const email of emails) await made.client.POST("/api/users", { body: { name: "Ada", email } });
  made.wire.requests.length = 0;
  return { ...made, emails };
}

test("a list is read page by page, each when the iteration gets there", async () => {
  const { client, wire, emails } = await withUsers();
  const users = client.pages("/api/users", { params: { query: { limit: 1 } } });
  expect(wire.requests).toHaveLength(0);
  const found: string[] = [];
  for await (const { email } of users) {
    if (emails.includes(email)) found.push(email);
    if (found.length === emails.length) break;
  }
  expect(found).toEqual([...emails].reverse());
  expect(wire.count(LIST)).toBeGreaterThanOrEqual(3);
  // The first page again.
  for await (const { email } of users) {
    expect(email).toBeTruthy();
    break;
  }
  expect(new URL(wire.requests.at(-1)?.url ?? "").searchParams.has("cursor")).toBe(false);
});

test("the iteration ends with the last page", async () => {
  const { client, emails } = await withUsers();
  const found = new Set<string>();
  for await (const { email } of client.pages("/api/users", { params: { query: { limit: 2 } } })) {
    expect(found.has(email)).toBe(false);
    found.add(email);
  }
  expect(emails.every((email) => found.has(email))).toBe(true);
});

test("pages have a cursor, from which another iteration goes on", async () => {
  const { client, wire } = await withUsers();
  const pages = client.pages("/api/users", { params: { query: { limit: 2 } } }).byPage();
  for await (const { data, nextCursor } of pages) {
    expect(data).toHaveLength(2);
    const rest = client.pages("/api/users", { params: { query: { limit: 2, cursor: nextCursor ?? "" } } });
    for await (const { id } of rest) {
      expect(data.map((each) => each.id)).not.toContain(id);
      break;
    }
    break;
  }
  expect(wire.count(LIST)).toBe(2);
});

test("an abort ends the iteration", async () => {
  const { client, wire } = await withUsers();
  const abort = new AbortController();
  const read = async () => {
    const init = { params: { query: { limit: 1 } }, signal: abort.signal };
    for await (const _ of client.pages("/api/users", init)) abort.abort(new Error("enough"));
  };
  await expect(read()).rejects.toThrow("enough");
  expect(wire.count(LIST)).toBe(1);
});
