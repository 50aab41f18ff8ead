import { expect, test, vi } from "vitest";
import type { Client } from "../src/index.js";
import { atProvider } from "./provider.js";
import { alter, emailTo, FakeStorage, newAddress, party, REFRESH, user, userWithApp } from "./support.js";

const REDEEM = "POST /api/auth/oauth/token";
const provider = "local";

/** Give the test the storage of a browser's tab. */
function tab(storage = new FakeStorage()): FakeStorage {
  vi.stubGlobal("document", { defaultView: { sessionStorage: storage } });
  return storage;
}

async function signUp(client: Client, email = newAddress()) {
  const { url, codeVerifier } = await client.auth.startProviderSignIn({ provider });
  const { code = "" } = await atProvider(url, { email, name: "Ada Lovelace", verified: "yes" });
  const result = await client.auth.finishProviderSignIn({ code, codeVerifier });
  return { email, result };
}

/** Link an account that exists. Returns the person at the provider, and the id of the identity. */
async function linked(client: Client) {
  const person = { email: newAddress(), verified: "yes" } as const;
  const { url, codeVerifier } = await client.auth.identities.link({ provider, next: "/account" });
  const { code = "" } = await atProvider(url, person);
  await client.auth.finishProviderSignIn({ code, codeVerifier });
  return { person, identities: await client.auth.identities.list() };
}

test("the configured providers are listed", async () => {
  expect(await party().client.auth.listProviders()).toEqual([{ id: "local", name: "Local provider" }]);
});

test("a browser keeps the verifier in its tab until the code is redeemed", async () => {
  const storage = tab();
  const { client } = party();
  const { url, codeVerifier } = await client.auth.startProviderSignIn({ provider, next: "/notes?page=2" });
  expect(new URL(url).pathname).toBe("/api/auth/oauth/local");
  expect(codeVerifier).toMatch(/^[\w-]{43,128}$/);
  expect([...storage.items.values()].join()).toContain(codeVerifier);

  const email = newAddress();
  const { code = "", next } = await atProvider(url, { email, name: "Ada Lovelace", verified: "yes" });
  const result = await client.auth.finishProviderSignIn({ code });

  expect(next).toBe("/notes?page=2");
  expect(result).toEqual({ ...client.auth.session(), next });
  expect(client.auth.session()?.user).toMatchObject({ email, name: "Ada Lovelace" });
  expect(storage.items.size).toBe(0);
});

test("a server has the verifier from the result, and stores nothing of its own", async () => {
  const storage = new FakeStorage();
  vi.stubGlobal("sessionStorage", storage);
  const { client } = party();
  const { email, result } = await signUp(client);
  expect(result).toEqual(client.auth.session());
  expect(client.auth.session()?.user.email).toBe(email);
  expect(storage.items.size).toBe(0);
});

test("a tab without storage works with the verifier of the result", async () => {
  vi.stubGlobal("document", {
    get defaultView(): never {
      throw new DOMException("denied", "SecurityError");
    },
  });
  const { client } = party();
  await signUp(client);
  expect(client.auth.session()).not.toBeNull();
});

test("a code is worth nothing without its verifier, and the verifier stays for the next one", async () => {
  const storage = tab();
  const { client } = party();
  const { url } = await client.auth.startProviderSignIn({ provider });
  const { code = "" } = await atProvider(url, { email: newAddress(), verified: "yes" });
  const stranger = party().client.auth.finishProviderSignIn({ code, codeVerifier: "w".repeat(43) });
  await expect(stranger).rejects.toMatchObject({ code: "invalid_link" });
  expect(storage.items.size).toBe(1);
  await client.auth.finishProviderSignIn({ code });
  await expect(client.auth.finishProviderSignIn({ code })).rejects.toMatchObject({ code: "invalid_link" });
});

test("damaged storage is no verifier", async () => {
  const storage = tab();
  const { client, wire } = party();
  await client.auth.startProviderSignIn({ provider });
  for (const text of ["{", "null", "7"]) {
    for (const key of storage.items.keys()) storage.setItem(key, text);
    await expect(client.auth.finishProviderSignIn({ code: "c" })).rejects.toMatchObject({ code: "invalid_link" });
    expect(await wire.requests.at(-1)?.json()).toEqual({ code: "c" });
  }
});

test("a refused sign-in comes back with an error", async () => {
  const { client } = party();
  const { url } = await client.auth.startProviderSignIn({ provider });
  expect(await atProvider(url, { cancel: "yes" })).toEqual({ error: "access_denied" });
});

test("the emailed link adds the provider to the account that is there", async () => {
  tab();
  const { client, email } = await user();
  await client.auth.signOut();
  const { url } = await client.auth.startProviderSignIn({ provider });
  expect(await atProvider(url, { email, verified: "yes" })).toEqual({ error: "link_required" });
  const code = /\/auth\/callback\?code=([\w-]+)/.exec(await emailTo(email, "/auth/callback"))?.[1] ?? "";
  await client.auth.finishProviderSignIn({ code });
  expect(client.auth.session()?.user.email).toBe(email);
  expect(await client.auth.identities.list()).toMatchObject([{ provider, email }]);
});

test("an account with a factor has a second step", async () => {
  const { client, recoveryCodes } = await userWithApp();
  await client.auth.reauthenticate({ recoveryCode: recoveryCodes[0] ?? "" });
  const { person } = await linked(client);
  const elsewhere = party().client;
  const { url, codeVerifier } = await elsewhere.auth.startProviderSignIn({ provider });
  const { code = "" } = await atProvider(url, person);
  const result = await elsewhere.auth.finishProviderSignIn({ code, codeVerifier });
  if (!("mfa" in result)) throw new Error("there is no second step");
  expect(elsewhere.auth.session()).toBeNull();
  await elsewhere.auth.verifyMfa({ token: result.mfa.token, recoveryCode: recoveryCodes[1] ?? "" });
});

test("a linked provider is listed, and removed", async () => {
  const { client, wire } = await user();
  const { person, identities } = await linked(client);
  expect(identities).toMatchObject([{ provider, email: person.email }]);
  // The session goes on.
  expect(wire.count("POST /api/auth/logout")).toBe(0);
  expect((await client.GET("/api/auth/sessions")).data.data).toHaveLength(1);
  await client.auth.identities.remove(identities[0]?.id ?? "");
  expect(await client.auth.identities.list()).toEqual([]);
});

test("a provider can be linked only in the session that asked for it", async () => {
  const { client } = await user();
  const { url, codeVerifier } = await client.auth.identities.link({ provider });
  const { code = "" } = await atProvider(url, { email: newAddress(), verified: "yes" });
  for (const other of [party().client, (await user()).client]) {
    await expect(other.auth.finishProviderSignIn({ code, codeVerifier })).rejects.toMatchObject({ code: "invalid_link" });
  }
  await client.auth.finishProviderSignIn({ code, codeVerifier });
});

test("the account's only way in cannot be removed", async () => {
  const { client } = party();
  await signUp(client);
  const [identity] = await client.auth.identities.list();
  await expect(client.auth.identities.remove(identity?.id ?? "")).rejects.toMatchObject({ code: "last_way_in" });
});

test("a sign-in as another user ends the session that it replaces", async () => {
  const { client, wire } = await user();
  const { email } = await signUp(client);
  expect(client.auth.session()?.user.email).toBe(email);
  expect(wire.count("POST /api/auth/logout")).toBe(1);
});

test.each([
  { token: "garbled", refreshToken: "garbled" },
  { token: "expired", refreshToken: "garbled", expiresAt: 0 },
])("a session that is over is not in the way: %o", async (damage) => {
  const { client, store, wire } = await user();
  alter(store, damage);
  const { email } = await signUp(client);
  expect(client.auth.session()?.user.email).toBe(email);
  expect(wire.count(REFRESH)).toBe(1);
  expect(wire.requests.filter(({ url }) => url.endsWith("/oauth/token")).at(-1)?.headers.has("Authorization")).toBe(false);
});

test("a refused code ends no session, and is not sent again", async () => {
  const { client, wire } = await user();
  await expect(client.auth.finishProviderSignIn({ code: "c" })).rejects.toMatchObject({ code: "invalid_link" });
  expect(client.auth.session()).not.toBeNull();
  expect(wire.count(REDEEM)).toBe(1);
  expect(wire.requests.at(-1)?.headers.has("Authorization")).toBe(true);
});

test("an id token is sent with its nonce", async () => {
  const { client, wire } = party();
  const nonce = await client.auth.idTokenNonce(provider);
  expect(nonce).toMatch(/^[\w-]{20,}$/);
  const signIn = client.auth.signInWithIdToken({ provider, idToken: "e30.e30.AAAA", nonce });
  await expect(signIn).rejects.toMatchObject({ code: "invalid_id_token" });
  expect(wire.calls.at(-1)).toBe("POST /api/auth/oauth/local/id-token");
  expect(await wire.requests.at(-1)?.json()).toEqual({ idToken: "e30.e30.AAAA", nonce });
});

test("unknown providers are refused", async () => {
  const { client } = await user();
  await expect(client.auth.identities.link({ provider: "none" })).rejects.toMatchObject({ code: "provider_not_found" });
  await expect(client.auth.idTokenNonce("none")).rejects.toMatchObject({ code: "provider_not_found" });
  // Whatever the name is, it is one part of the path.
  const { url } = await client.auth.startProviderSignIn({ provider: "../login?" });
  expect(new URL(url).pathname).toBe("/api/auth/oauth/..%2Flogin%3F");
});
