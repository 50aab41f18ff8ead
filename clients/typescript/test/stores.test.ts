import { beforeEach, expect, test, vi } from "vitest";
import { createClient, localStorageStore } from "../src/index.js";
import { FakeStorage } from "./support.js";

const user = { id: "1", email: "ada@example.com", name: "Ada", role: "user" as const };
const session = { user, token: "token", refreshToken: "refresh", expiresAt: 1 };
let storage: FakeStorage;

beforeEach(() => {
  storage = new FakeStorage();
  vi.stubGlobal("localStorage", storage);
});

test("another store of the same name has the same session", () => {
  localStorageStore("a").write({ session, device: "device" });
  expect(localStorageStore("a").read()).toEqual({ session, device: "device" });
  expect(localStorageStore("b").read().session).toBeUndefined();
});

test.each(["", "{", "null", "7", '"text"', "[]", '{"session":{}}', '{"session":{"token":"a"}}', '{"session":7,"device":7}'])(
  "the content %s is signed out",
  (content) => {
    storage.setItem("a", content);
    expect(localStorageStore("a").read()).toEqual({ session: undefined, device: undefined, registration: undefined });
  },
);

test("a full storage is replaced by memory, and keeps no session that is over", () => {
  const store = localStorageStore("a");
  store.write({ session });
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  store.write({ device: "device" });
  expect(store.read()).toEqual({ device: "device" });
  expect(localStorageStore("a").read().session).toBeUndefined();
});

test("an unavailable storage is replaced by memory", () => {
  vi.stubGlobal("localStorage", undefined);
  const store = localStorageStore();
  expect(store.read().session).toBeUndefined();
  store.write({ session });
  expect(store.read()).toEqual({ session });
});

test("listeners hear of other tabs", () => {
  const target = new EventTarget();
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  const change = (key: string | null) => target.dispatchEvent(Object.assign(new Event("storage"), { key }));
  const store = localStorageStore("a");
  store.write({ session });
  const { auth } = createClient({ baseUrl: "http://api.test", session: store });
  const listener = vi.fn();
  const stop = auth.onChange(listener);
  change("b");
  expect(listener).not.toHaveBeenCalled();
  storage.items.clear();
  change("a");
  expect(listener).toHaveBeenLastCalledWith(null);
  change(null);
  stop();
  change("a");
  expect(listener).toHaveBeenCalledTimes(2);
});
