export type {
  Auth,
  EmailSignIn,
  Factors,
  Identities,
  MailboxProof,
  MfaRequired,
  ProviderDeparture,
  ProviderSignIn,
} from "./auth.js";
export { type Client, type ClientOptions, createClient } from "./client.js";
export { ApiError, type ErrorCode, NetworkError, type Proof, type SecondStep } from "./errors.js";
export type { Page, Pages } from "./pages.js";
export {
  type Assertion,
  type AssertionOptions,
  type CeremonyOptions,
  type NewCredential,
  PasskeyError,
  type PasskeyErrorCode,
  supportsPasskeyAutofill,
  supportsPasskeys,
} from "./passkeys.js";
export type { components, operations, paths } from "./schema.js";
export type { Proxy } from "./send.js";
export type { Session } from "./session.js";
export { localStorageStore, memoryStore, type SessionStore, type Stored, type StoredSession, type User } from "./stores.js";
export type { QueryPaths, Result } from "./types.js";
