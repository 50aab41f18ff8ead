import { expect, test, vi } from "vitest";
import { PasskeyError, supportsPasskeyAutofill, supportsPasskeys } from "../src/index.js";
import { Browser } from "./authenticator.js";
import { emailTo, gate, newAddress, party, PASSWORD, tokenIn, user } from "./support.js";

/** A new user with a passkey. */
async function userWithPasskey() {
  const made = await user();
  const browser = new Browser().install();
  const passkey = await made.client.auth.registerPasskey("My laptop");
  return { ...made, browser, passkey };
}

const codeIn = (email: string) => /^(\d{6})$/m.exec(email)?.[1] ?? "";

test("a passkey is added, brings recovery codes, and signs in alone", async () => {
  const { client, email, passkey } = await userWithPasskey();
  expect(passkey).toMatchObject({ type: "passkey", name: "My laptop", synced: false });
  expect(passkey.recoveryCodes).toHaveLength(10);
  expect(await client.auth.factors.list()).toMatchObject({ data: [{ id: passkey.id, synced: false }] });

  const elsewhere = party().client;
  const session = await elsewhere.auth.signInWithPasskey();

  expect(session).toBe(elsewhere.auth.session());
  expect(session.user.email).toBe(email);
  const { data } = await elsewhere.GET("/api/auth/me");
  expect(data.data.session).toMatchObject({ aal: 2 });
});

test("a passkey is the second step, and reauthenticates", async () => {
  const { email } = await userWithPasskey();
  const { client } = party();
  const result = await client.auth.signIn({ email, password: PASSWORD });
  if (!("mfa" in result)) throw new Error("there is no second step");
  expect(result.mfa.methods).toContain("passkey");
  const credential = await client.auth.askForPasskey();
  await client.auth.verifyMfa({ token: result.mfa.token, credential });
  await client.auth.reauthenticate({ credential: await client.auth.askForPasskey() });
  await client.auth.renewRecoveryCodes();
});

test("a server signs in with what its page has got, once", async () => {
  await userWithPasskey();
  const credential = await party().client.auth.askForPasskey();
  const { client, wire } = party();
  await client.auth.signInWithPasskey({ credential });
  expect(wire.calls).toEqual(["POST /api/auth/login/passkey"]);
  const again = party().client.auth.signInWithPasskey({ credential });
  await expect(again).rejects.toMatchObject({ code: "invalid_credentials" });
});

test("a device that has a passkey of the account says so", async () => {
  const { client } = await userWithPasskey();
  await client.auth.reauthenticate({ credential: await client.auth.askForPasskey() });
  await expect(client.auth.registerPasskey()).rejects.toMatchObject({ name: "PasskeyError", code: "exists" });
});

test("without passkeys in the browser nothing is requested", async () => {
  const { client, wire } = party();
  expect(supportsPasskeys()).toBe(false);
  await expect(client.auth.signInWithPasskey()).rejects.toMatchObject({ code: "unsupported" });
  await expect(client.auth.registerPasskey()).rejects.toBeInstanceOf(PasskeyError);
  new Browser().install({ autofill: false });
  expect(await supportsPasskeyAutofill()).toBe(false);
  await expect(client.auth.signInWithPasskey({ conditional: true })).rejects.toMatchObject({ code: "unsupported" });
  expect(wire.calls).toEqual([]);
});

test.each([
  ["NotAllowedError", "cancelled"],
  ["SecurityError", "failed"],
])("the browser's %s is `%s`, with its cause", async (name, code) => {
  const browser = new Browser().install();
  browser.refusal = new DOMException("no", name);
  const failed = party().client.auth.signInWithPasskey();
  await expect(failed).rejects.toMatchObject({ name: "PasskeyError", code, cause: browser.refusal });
});

test("an error of the API is thrown as it is", async () => {
  const { client, wire } = party();
  new Browser().install();
  wire.next.push(async () => new Response("", { status: 500 }));
  await expect(client.auth.signInWithPasskey()).rejects.toMatchObject({ name: "ApiError", status: 500 });
});

test("the signal ends a ceremony with its reason", async () => {
  const { browser } = await userWithPasskey();
  const aborter = new AbortController();
  const reason = new Error("gone");
  const { client } = party();
  const waiting = client.auth.signInWithPasskey({ conditional: true, signal: aborter.signal });
  const ended = expect(waiting).rejects.toBe(reason);
  await vi.waitFor(() => expect(browser.asked.at(-1)?.mediation).toBe("conditional"));
  aborter.abort(reason);
  await ended;
  await expect(client.auth.signInWithPasskey({ signal: aborter.signal })).rejects.toBe(reason);
});

test("autofill signs in once a passkey is selected", async () => {
  const { browser, email } = await userWithPasskey();
  const { opened, open } = gate();
  browser.selected = opened;
  const { client } = party();
  const waiting = client.auth.signInWithPasskey({ conditional: true });
  await vi.waitFor(() => expect(browser.asked.at(-1)?.mediation).toBe("conditional"));
  open();
  expect((await waiting).user.email).toBe(email);
});

test("another ceremony replaces a pending autofill, even one that has not got its options yet", async () => {
  const { browser } = await userWithPasskey();
  const { client, wire } = party();
  const first = client.auth.signInWithPasskey({ conditional: true });
  const replaced = expect(first).rejects.toMatchObject({ code: "replaced" });
  await vi.waitFor(() => expect(browser.asked.at(-1)?.mediation).toBe("conditional"));
  const { opened, open } = gate();
  wire.next.push(async (request) => {
    await opened;
    return fetch(request);
  });
  const second = expect(client.auth.signInWithPasskey({ conditional: true })).rejects.toMatchObject({ code: "replaced" });
  await replaced;
  await vi.waitFor(() => expect(wire.count("POST /api/auth/login/passkey/options")).toBe(2));
  await party().client.auth.signInWithPasskey();
  const { length } = browser.asked;
  open();
  await second;
  expect(browser.asked).toHaveLength(length);
});

test("autofill gets a new challenge before the old one expires", async () => {
  const { browser } = await userWithPasskey();
  const { opened, open } = gate();
  browser.selected = opened;
  const { client, wire } = party();
  const timeouts = vi.spyOn(AbortSignal, "timeout");
  const expired = new AbortController();
  timeouts.mockReturnValueOnce(expired.signal);
  const waiting = client.auth.signInWithPasskey({ conditional: true });
  await vi.waitFor(() => expect(browser.asked.at(-1)?.mediation).toBe("conditional"));
  expect(timeouts).toHaveBeenLastCalledWith(270_000);
  const { length } = browser.asked;
  expired.abort();
  await vi.waitFor(() => expect(browser.asked).toHaveLength(length + 1));
  open();
  await waiting;
  expect(wire.count("POST /api/auth/login/passkey/options")).toBe(2);
});

test("an emailed code signs in where it was requested", async () => {
  const { email } = await user();
  const { client } = party();
  const { request } = await client.auth.requestSignInEmail({ email });
  const code = codeIn(await emailTo(email, "/login/email"));
  const wrong = client.auth.verifySignInEmail({ request, code: code === "000000" ? "000001" : "000000" });
  await expect(wrong).rejects.toMatchObject({ code: "invalid_link" });
  expect(await client.auth.verifySignInEmail({ request, code })).toBe(client.auth.session());
});

test("an emailed link signs in anywhere, once", async () => {
  const { email } = await user();
  await party().client.auth.requestSignInEmail({ email });
  const token = tokenIn(await emailTo(email, "/login/email"));
  expect(await party().client.auth.verifySignInEmail({ token })).toHaveProperty("user.email", email);
  const again = party().client.auth.verifySignInEmail({ token });
  await expect(again).rejects.toMatchObject({ code: "invalid_link" });
});

test("a bound link needs its request", async () => {
  const { email } = await user();
  const { client } = party();
  const { request } = await client.auth.requestSignInEmail({ email, bound: true });
  const token = tokenIn(await emailTo(email, "/login/email"));
  await expect(party().client.auth.verifySignInEmail({ token })).rejects.toMatchObject({ status: 400 });
  await client.auth.verifySignInEmail({ token, request });
});

test("an emailed link has a second step, too, and unknown addresses get the same answer", async () => {
  const { email } = await userWithPasskey();
  const { client } = party();
  const { message } = await client.auth.requestSignInEmail({ email });
  expect(await client.auth.requestSignInEmail({ email: newAddress() })).toMatchObject({ message });
  const result = await client.auth.verifySignInEmail({ token: tokenIn(await emailTo(email, "/login/email")) });
  if (!("mfa" in result)) throw new Error("there is no second step");
  expect(client.auth.session()).toBeNull();
  await client.auth.verifyMfa({ token: result.mfa.token, credential: await client.auth.askForPasskey() });
});
