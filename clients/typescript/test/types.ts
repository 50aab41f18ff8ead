/** What must not compile, against the built package. Checked by `npm run types`; never run. */
import { ApiError, createClient, type ErrorCode, type MfaRequired, type Proof, type Session } from "lambda-api-routes-client";

const client = createClient({ baseUrl: "" });
type Equal<One, Two> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Two ? 1 : 2 ? true : false;
const is = <Expected extends true>(): Expected | undefined => undefined;

export async function paths() {
  // @ts-expect-error no such path
  await client.GET("/api/nothing");
  // @ts-expect-error no such verb
  await client.DELETE("/api/users");
  // @ts-expect-error the path's parameter is missing
  await client.GET("/api/users/{userId}");
  // @ts-expect-error a limit is a number
  await client.GET("/api/users", { params: { query: { limit: "many" } } });
  // @ts-expect-error the document has no such header
  await client.GET("/api/users", { params: { header: { "If-Match": "x" } } });
}

export async function bodies() {
  await client.POST("/api/users", { body: { name: "Ada", email: "ada@example.com" } });
  // @ts-expect-error the email is missing
  await client.POST("/api/users", { body: { name: "Ada" } });
  // @ts-expect-error no such role
  await client.POST("/api/users", { body: { name: "Ada", email: "ada@example.com", role: "owner" } });
  // @ts-expect-error the body is missing
  await client.POST("/api/users");
  // @ts-expect-error the password is missing
  await client.auth.signIn({ email: "ada@example.com" });
  await client.auth.verifyMfa({ token: "t", recoveryCode: "c" });
  // @ts-expect-error the token is missing
  await client.auth.verifyMfa({ code: "123456" });
  // @ts-expect-error the name is missing
  await client.auth.factors.enrollTotp({});
  await client.auth.verifySignInEmail({ token: "t" });
  // @ts-expect-error the request or the code is missing
  await client.auth.verifySignInEmail({ code: "123456" });
  await client.auth.finishProviderSignIn({ code: "c", codeVerifier: undefined });
  // @ts-expect-error the code is missing
  await client.auth.finishProviderSignIn({ codeVerifier: "v" });
  // @ts-expect-error no such scope
  await client.auth.signOut({ scope: "everything" });
}

export async function results() {
  const { data, etag } = await client.GET("/api/users/{userId}", { params: { path: { userId: "1" } } });
  is<Equal<typeof data.data.status, "active" | "disabled">>();
  is<Equal<typeof etag, string | undefined>>();
  // @ts-expect-error a user has no password
  data.data.password;
  const gone = await client.DELETE("/api/users/{userId}", { params: { path: { userId: "1" } } });
  is<Equal<typeof gone.data, undefined>>();
  is<Equal<ReturnType<typeof client.auth.session>, Session | null>>();
  const signedIn = await client.auth.signIn({ email: "ada@example.com", password: "x" });
  is<Equal<typeof signedIn, Session | MfaRequired>>();
  // @ts-expect-error the account may have a second factor
  signedIn.user;
  if ("mfa" in signedIn) is<Equal<(typeof signedIn.mfa.methods)[number], Proof>>();
  else signedIn.user;
  const returned = await client.auth.finishProviderSignIn({ code: "c" });
  is<Equal<typeof returned.next, string | undefined>>();
  // @ts-expect-error the account may have a second factor
  returned.user;
}

export async function pages() {
  for await (const user of client.pages("/api/users", { params: { query: { limit: 100 } } })) {
    is<Equal<typeof user.emailVerified, boolean>>();
    // @ts-expect-error an item, not a page
    user.nextCursor;
  }
  // @ts-expect-error not a list
  client.pages("/api/auth/me");
  // @ts-expect-error a list without pages
  client.pages("/api/auth/sessions");
}

export function errors(error: unknown) {
  if (!(error instanceof ApiError)) return;
  const known: ErrorCode = "email_taken";
  is<Equal<typeof error.code, ErrorCode>>();
  is<Equal<typeof error.methods, readonly Proof[]>>();
  is<Equal<(typeof error.methods)[number], "password" | "totp" | "recovery_code" | "passkey" | "email" | "provider">>();
  // @ts-expect-error no such code
  if (error.code === "email_token") return;
  // @ts-expect-error no such code
  const unknown: ErrorCode = "no_such_code";
  return [known, unknown];
}
