/**
 * Messages from a form's handler to the page that it redirects to: a notice, or the faults and what was typed. Each page has
 * a cookie for them, which proxy.ts deletes when the page is shown. Passwords, codes and tokens are never stored.
 */
import type { CookieAttributes } from "lambda-api-routes-client/server";
import { PREFIX, SECURE } from "./settings";

export interface Flash {
  /** What was done. */
  notice?: string;
  /** What went wrong. */
  fault?: string;
  /** The API's code of what went wrong. */
  code?: string;
  /** The form that it is about: its `verb`. */
  verb?: string;
  /** What is wrong with each field. */
  faults?: Record<string, string>;
  /** What was typed. */
  values?: Record<string, string>;
}

// Browsers drop a cookie of more than 4,096 bytes.
const MAX_LENGTH = 3800;
const SECRET = /password|token|code|credential/i;

export const flashAttributes: CookieAttributes = { httpOnly: true, secure: SECURE, sameSite: "lax", path: "/", maxAge: 600 };

/** Return the name of a page's cookie. */
export function flashName(path: string): string {
  return `${PREFIX}flash${path.split("?")[0]?.replaceAll("/", "-")}`;
}

/** Return the cookie's value. What was typed is left out if it is too long. */
export function encode(flash: Flash): string {
  const values = Object.entries(flash.values ?? {}).filter(([name]) => !SECRET.test(name));
  const text = (part: Flash) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const whole = text({ ...flash, values: Object.fromEntries(values) });
  return whole.length > MAX_LENGTH ? text({ ...flash, values: {} }) : whole;
}

export function decode(value: string | undefined): Flash {
  try {
    return value ? (JSON.parse(Buffer.from(value, "base64url").toString()) as Flash) : {};
  } catch {
    return {};
  }
}
