import { expect, test } from "vitest";
import { ApiError } from "../src/index.js";
import { ADMIN, admin, alter, emailTo, newAddress, party, PASSWORD, REFRESH, tokenIn, user } from "./support.js";

test("registering, and verifying with the link, signs in", async () => {
  const { client, store } = party();
  const email = newAddress();
  await client.auth.register({ name: "Ada Lovelace", email, password: PASSWORD });
  expect(store.read().registration).toBeTruthy();
  expect(client.auth.session()).toBeNull();

  const session = await client.auth.verifyEmail({ token: tokenIn(await emailTo(email)) });

  expect(session).toBe(client.auth.session());
  expect(session).toMatchObject({ user: { email, name: "Ada Lovelace", role: "user" } });
  expect(store.read().registration).toBeUndefined();
  const { data } = await client.GET("/api/auth/me");
  expect(data.data.user.email).toBe(email);
});

test("verifying with the emailed code adds the registration's secret", async () => {
  const { client } = party();
  const email = newAddress();
  await client.auth.register({ name: "Ada Lovelace", email, password: PASSWORD });
  const code = /^\s*(\d{6})\s*$/m.exec(await emailTo(email))?.[1] ?? "";
  await client.auth.verifyEmail({ email, code });
  expect(client.auth.session()?.user.email).toBe(email);
});

test("a failed verification keeps the registration's secret", async () => {
  const { client, store } = party();
  await client.auth.register({ name: "Ada Lovelace", email: newAddress(), password: PASSWORD });
  const { registration } = store.read();
  await expect(client.auth.verifyEmail({ token: "wrong" })).rejects.toMatchObject({ code: "invalid_link" });
  expect(store.read().registration).toBe(registration);
});

test("resending adds the registration's secret", async () => {
  const { client, store, wire } = party();
  const email = newAddress();
  await client.auth.register({ name: "Ada Lovelace", email, password: PASSWORD });
  await client.auth.resendVerification({ email });
  expect(await wire.requests.at(-1)?.json()).toEqual({ email, registration: store.read().registration });
});

test("a wrong password is an error with a code", async () => {
  const { client } = party();
  const error = await client.auth.signIn({ email: newAddress(), password: "wrong" }).catch((problem) => problem);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 401, code: "invalid_credentials", errors: {} });
  expect(error.requestId).toBeTruthy();
  expect(client.auth.session()).toBeNull();
});

test("invalid fields are named", async () => {
  const { client } = party();
  const error = await client.auth.register({ name: "", email: "no", password: PASSWORD }).catch((problem) => problem);
  expect(error).toMatchObject({ status: 400, code: "validation_failed" });
  expect(Object.keys(error.errors).sort()).toEqual(["email", "name"]);
});

test("the secret of the device is kept over sign-out, and sent at the next sign-in", async () => {
  const { client, email, store, wire } = await user();
  const { device } = store.read();
  expect(device).toBeTruthy();
  await client.auth.signOut();
  expect(store.read()).toMatchObject({ session: undefined, device });
  await client.auth.signIn({ email, password: PASSWORD });
  expect(await wire.requests.at(-1)?.json()).toEqual({ email, password: PASSWORD, device });
});

test("signing out ends the session at the API", async () => {
  const { client, store } = await user();
  const { session } = store.read();
  await client.auth.signOut();
  expect(client.auth.session()).toBeNull();
  const late = party();
  late.store.write({ session });
  await expect(late.client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
  expect(late.client.auth.session()).toBeNull();
});

test("signing out with an expired access token ends the session at the API", async () => {
  const { client, store } = await user();
  const { session } = store.read();
  if (!session) throw new Error("nobody is signed in");
  store.write({ session: { ...session, token: "expired", expiresAt: 0 } });
  await client.auth.signOut();
  const late = party();
  late.store.write({ session });
  await expect(late.client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
});

test("signing out everywhere works with a rejected access token", async () => {
  const { client, email, store } = await user();
  const other = party();
  await other.client.auth.signIn({ email, password: PASSWORD });
  alter(store, { token: "garbled" });
  await client.auth.signOut({ scope: "global" });
  await expect(other.client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
});

test("signing others out keeps this session", async () => {
  const { client, email } = await user();
  const other = party();
  await other.client.auth.signIn({ email, password: PASSWORD });
  await client.auth.signOut({ scope: "others" });
  await expect(client.GET("/api/auth/me")).resolves.toBeTruthy();
  await expect(other.client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
});

test("signing out works offline, and says when other devices stay signed in", async () => {
  const offline = () => Promise.reject(new TypeError("fetch failed"));
  const { client, wire, email } = await user();
  wire.next.push(offline);
  await client.auth.signOut();
  expect(client.auth.session()).toBeNull();
  await client.auth.signIn({ email, password: PASSWORD });
  wire.next.push(offline);
  await expect(client.auth.signOut({ scope: "global" })).rejects.toMatchObject({ name: "NetworkError" });
  expect(client.auth.session()).toBeNull();
});

test("reauthenticating and changing the password replace the tokens", async () => {
  const { client, store, wire } = await user();
  const tokens = [store.read().session?.token];
  await client.auth.reauthenticate({ password: PASSWORD });
  tokens.push(store.read().session?.token);
  await client.auth.changePassword({ currentPassword: PASSWORD, newPassword: "another horse battery" });
  tokens.push(store.read().session?.token);
  expect(new Set(tokens).size).toBe(3);
  await expect(client.GET("/api/auth/me")).resolves.toBeTruthy();
  // Not a reason to refresh, or to sign out.
  await expect(client.auth.reauthenticate({ password: "wrong" })).rejects.toMatchObject({ code: "invalid_credentials" });
  expect(wire.count(REFRESH)).toBe(0);
  expect(client.auth.session()).not.toBeNull();
});

test("an expired access token is refreshed before the tokens are replaced", async () => {
  const { client, store, wire } = await user();
  alter(store, { token: "expired", expiresAt: 0 });
  await client.auth.reauthenticate({ password: PASSWORD });
  alter(store, { token: "garbled" });
  await client.auth.reauthenticate({ password: PASSWORD });
  expect(wire.count(REFRESH)).toBe(2);
  await expect(client.GET("/api/auth/me")).resolves.toBeTruthy();
});

test("a forgotten password is reset with the emailed token", async () => {
  const { client, email } = await user();
  await client.auth.forgotPassword({ email });
  await client.auth.resetPassword({
    token: tokenIn(await emailTo(email, "new password")),
    password: "another horse battery",
  });
  await client.auth.signIn({ email, password: "another horse battery" });
  expect(client.auth.session()?.user.email).toBe(email);
});

test("verifying a changed address returns a message", async () => {
  const { client, store } = await user();
  const newEmail = newAddress();
  // Whose secret is sent too, and not used up.
  await client.auth.register({ name: "Ada Lovelace", email: newAddress(), password: PASSWORD });
  await client.auth.changeEmail({ newEmail, password: PASSWORD });
  const answer = await client.auth.verifyEmail({ token: tokenIn(await emailTo(newEmail)) });
  expect(answer).toHaveProperty("message");
  expect(store.read().registration).toBeTruthy();
});

test("listeners get each session until they stop", async () => {
  const { client } = party();
  const seen: (string | undefined)[] = [];
  const stop = client.auth.onChange((session) => seen.push(session?.user.email));
  await client.auth.signIn(ADMIN);
  await client.auth.signOut();
  stop();
  await client.auth.signIn(ADMIN);
  expect(seen).toEqual([ADMIN.email, undefined]);
});

test("the access token is there for other requests", async () => {
  const { client, store } = await admin();
  expect(await client.auth.accessToken()).toBe(store.read().session?.token);
  expect(await party().client.auth.accessToken()).toBeNull();
});

test("a sign-in ends the session that it replaces", async () => {
  const { client, store } = await user();
  const before = store.read().session;
  await client.auth.signIn(ADMIN);
  expect(client.auth.session()?.user.email).toBe(ADMIN.email);
  const earlier = client.GET("/api/auth/me", { headers: { Authorization: `Bearer ${before?.token}` } });
  await expect(earlier).rejects.toMatchObject({ code: "session_ended" });
});
