// Made from docs/openapi.json by `make sync`. Do not edit.

/** The operations that take an `Idempotency-Key`. */
export const takesKey: ReadonlySet<string> = new Set([
  "POST /api/contact",
  "POST /api/users",
]);

/** The operations that need no access token. An operation that the document does not have may need one. */
export const isPublic: ReadonlySet<string> = new Set([
  "GET /.well-known/jwks.json",
  "GET /.well-known/openid-configuration",
  "POST /api/auth/forgot-password",
  "POST /api/auth/login",
  "POST /api/auth/login/email",
  "POST /api/auth/login/email/verify",
  "POST /api/auth/login/passkey",
  "POST /api/auth/login/passkey/options",
  "POST /api/auth/mfa",
  "GET /api/auth/oauth/{provider}",
  "GET /api/auth/oauth/{provider}/callback",
  "POST /api/auth/oauth/{provider}/callback",
  "GET /api/auth/oauth/{provider}/id-token",
  "POST /api/auth/oauth/{provider}/id-token",
  "GET /api/auth/providers",
  "POST /api/auth/refresh",
  "POST /api/auth/register",
  "POST /api/auth/resend-verification",
  "POST /api/auth/reset-password",
  "POST /api/auth/verify-email",
  "POST /api/contact",
  "GET /api/health",
]);
