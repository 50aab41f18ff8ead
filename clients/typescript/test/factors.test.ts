import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ApiError, type SecondStep } from "../src/index.js";
import { cookieStore, type CookieAttributes } from "../src/server.js";
import { admin, party, PASSWORD, totp, user, userWithApp } from "./support.js";

/** Take the first step of a sign-in, with a client that knows nothing. */
async function firstStep(email: string, made = party()) {
  const result = await made.client.auth.signIn({ email, password: PASSWORD });
  if (!("mfa" in result)) throw new Error("there is no second step");
  return { ...made, mfa: result.mfa };
}

test("an app is added with its first code, which brings recovery codes", async () => {
  const { client } = await user();
  const { factors } = client.auth;
  expect(await factors.list()).toMatchObject({ data: [], recoveryCodes: 0 });
  const { id, secret, uri } = await factors.enrollTotp({ name: "Phone" });
  expect(new URL(uri).searchParams.get("secret")).toBe(secret);
  await expect(factors.confirm(id, { code: "000000" })).rejects.toMatchObject({ code: "invalid_credentials" });
  expect(client.auth.session()).not.toBeNull();
  const { recoveryCodes } = await factors.confirm(id, { code: totp(secret) });
  expect(recoveryCodes).toHaveLength(10);
  expect(await factors.list()).toMatchObject({ data: [{ id, type: "totp", name: "Phone" }], recoveryCodes: 10 });
});

test("a sign-in goes on with a code", async () => {
  const { email, secret } = await userWithApp();
  const { client, mfa } = await firstStep(email);
  expect(mfa).toEqual({ token: expect.any(String), methods: ["totp", "recovery_code"], expiresIn: 300 });
  expect(client.auth.session()).toBeNull();

  const session = await client.auth.verifyMfa({ token: mfa.token, code: totp(secret, { next: true }) });

  expect(session).toBe(client.auth.session());
  const { data } = await client.GET("/api/auth/me");
  expect(data.data.session).toMatchObject({ aal: 2, amr: expect.arrayContaining(["mfa"]) });
});

test("a sign-in goes on with a recovery code, which works once", async () => {
  const { email, recoveryCodes } = await userWithApp();
  const [recoveryCode = ""] = recoveryCodes;
  const { client, mfa } = await firstStep(email);
  await client.auth.verifyMfa({ token: mfa.token, recoveryCode: recoveryCode.toLowerCase().replaceAll("-", " ") });
  expect(await client.auth.factors.list()).toMatchObject({ recoveryCodes: 9 });
  const again = await firstStep(email);
  const used = again.client.auth.verifyMfa({ token: again.mfa.token, recoveryCode });
  await expect(used).rejects.toMatchObject({ code: "invalid_credentials" });
});

test("after a wrong or a used code the same token goes on", async () => {
  const { email, secret, code: used, recoveryCodes } = await userWithApp();
  const { client, mfa } = await firstStep(email);
  const verify = (code: string) => client.auth.verifyMfa({ token: mfa.token, code });
  await expect(verify("000000")).rejects.toMatchObject({ code: "invalid_credentials" });
  await expect(verify(used)).rejects.toMatchObject({ code: "code_already_used" });
  await verify(totp(secret, { next: true }));
  const late = party().client.auth.verifyMfa({ token: mfa.token, recoveryCode: recoveryCodes[0] ?? "" });
  await expect(late).rejects.toMatchObject({ code: "invalid_mfa_token" });
});

test("the first step keeps who is signed in, the second ends that session", async () => {
  const { email, recoveryCodes } = await userWithApp();
  const made = await admin();
  const before = made.store.read().session;
  const { client, mfa } = await firstStep(email, made);
  expect(made.store.read().session).toBe(before);
  await client.auth.verifyMfa({ token: mfa.token, recoveryCode: recoveryCodes[0] ?? "" });
  const earlier = client.GET("/api/auth/me", { headers: { Authorization: `Bearer ${before?.token}` } });
  await expect(earlier).rejects.toMatchObject({ code: "session_ended" });
});

test("the token is in no store and no cookie, and not in the text of the error", async () => {
  const { email } = await userWithApp();
  const stored = party();
  const { token } = (await firstStep(email, stored)).mfa;
  expect(JSON.stringify(stored.store.read())).not.toContain(token);
  const set: [string, CookieAttributes][] = [];
  const cookies = { get: () => undefined, set: (_: string, value: string, how: CookieAttributes) => void set.push([value, how]) };
  await firstStep(email, party({}, cookieStore(cookies)));
  expect(set).toEqual([]);

  const body = { email, password: PASSWORD };
  const error = await party().client.POST("/api/auth/login", { body }).catch((problem) => problem);
  expect(error).toBeInstanceOf(ApiError);
  const { mfa } = error as { mfa: SecondStep };
  expect(mfa).toMatchObject({ methods: ["totp", "recovery_code"] });
  expect(inspect(error) + JSON.stringify(error)).not.toContain(mfa.token);
});

test("an account with a factor reauthenticates with it, and manages its factors then", async () => {
  const { client, store, factorId, secret, recoveryCodes } = await userWithApp();
  const { factors, reauthenticate } = client.auth;
  const refused = await factors.rename(factorId, { name: "Old phone" }).catch((problem) => problem);
  expect(refused).toMatchObject({ code: "reauthentication_required", methods: ["totp", "recovery_code"] });
  const password = reauthenticate({ password: PASSWORD });
  await expect(password).rejects.toMatchObject({ code: "reauthentication_required" });

  const before = store.read().session?.token;
  await reauthenticate({ code: totp(secret, { next: true }) });
  expect(store.read().session?.token).not.toBe(before);
  expect(await factors.rename(factorId, { name: "Old phone" })).toMatchObject({ id: factorId, name: "Old phone" });
  const renewed = await client.auth.renewRecoveryCodes();
  expect(renewed).toHaveLength(10);
  const voided = reauthenticate({ recoveryCode: recoveryCodes[0] ?? "" });
  await expect(voided).rejects.toMatchObject({ code: "invalid_credentials" });
  await reauthenticate({ recoveryCode: renewed[0] ?? "" });
  await factors.remove(factorId);
  expect(await factors.list()).toMatchObject({ data: [], recoveryCodes: 0 });
  await expect(client.auth.renewRecoveryCodes()).rejects.toMatchObject({ code: "no_factors" });
});

test("an administrator removes the factors of a user who has lost them", async () => {
  const { client, email } = await userWithApp();
  const userId = client.auth.session()?.user.id ?? "";
  const { client: administrator } = await admin();
  await administrator.DELETE("/api/users/{userId}/factors", { params: { path: { userId } } });
  await expect(client.GET("/api/auth/me")).rejects.toMatchObject({ status: 401 });
  expect(await party().client.auth.signIn({ email, password: PASSWORD })).toHaveProperty("user");
});
