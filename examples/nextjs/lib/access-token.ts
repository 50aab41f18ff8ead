/** Verifies access tokens with the API's public keys, so that a page is protected before it renders. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { timeout } from "./api";
import { API_URL, TOKEN_AUDIENCE } from "./settings";

// The keys could not be fetched, so the token is neither valid nor invalid.
const KEY_ERRORS: ReadonlySet<string> = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"]);

interface Issuer {
  issuer: string;
  keys: JWTVerifyGetKey;
}

let known: Promise<Issuer> | undefined;

/**
 * Return whether the token is valid. Whether its session still exists, only the API knows.
 *
 * @throws Error the API's keys cannot be read
 */
export async function isValid(token: string): Promise<boolean> {
  known ??= discover();
  known.catch(() => (known = undefined));
  const { issuer, keys } = await known;
  try {
    await jwtVerify(token, keys, { issuer, audience: TOKEN_AUDIENCE, algorithms: ["ES256"], typ: "at+jwt" });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError && !KEY_ERRORS.has(error.code)) return false;
    throw error;
  }
}

async function discover(): Promise<Issuer> {
  const response = await fetch(`${API_URL}/.well-known/openid-configuration`, { cache: "no-store", signal: timeout() });
  if (!response.ok) throw new Error(`The API's discovery document has status ${response.status}`);
  const { issuer, jwks_uri } = (await response.json()) as { issuer: string; jwks_uri: string };
  return { issuer, keys: createRemoteJWKSet(new URL(jwks_uri)) };
}
