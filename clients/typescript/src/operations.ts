// Made from docs/openapi.json by `make sync`. Do not edit.

/** The operations that take an `Idempotency-Key`. */
export const takesKey: ReadonlySet<string> = new Set([
  "POST /api/contact",
  "POST /api/users",
]);

/** The operations that need an access token. */
export const takesToken: ReadonlySet<string> = new Set([
  "GET /api/auth/activity",
  "POST /api/auth/change-email",
  "POST /api/auth/change-password",
  "GET /api/auth/export",
  "POST /api/auth/logout",
  "GET /api/auth/me",
  "POST /api/auth/reauthenticate",
  "GET /api/auth/sessions",
  "DELETE /api/auth/sessions/{sessionId}",
  "GET /api/contact",
  "GET /api/users",
  "POST /api/users",
  "GET /api/users/{userId}",
  "PUT /api/users/{userId}",
  "PATCH /api/users/{userId}",
  "DELETE /api/users/{userId}",
]);
