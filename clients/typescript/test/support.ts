/** Users, emails, and a `fetch` that records. */
import { createHmac, randomUUID } from "node:crypto";
import { inject, vi } from "vitest";
import { type Client, type ClientOptions, createClient, memoryStore, type SessionStore } from "../src/index.js";
import { ADMIN } from "./runner.js";

export { ADMIN };
export const PASSWORD = "correct horse battery";

type Fetch = (request: Request) => Promise<Response>;

/** Passes requests on, and records them. `next` answers instead of the API, once each. */
export class Wire {
  readonly requests: Request[] = [];
  readonly next: Fetch[] = [];

  readonly fetch: Fetch = (request) => {
    this.requests.push(request.clone());
    return (this.next.shift() ?? fetch)(request);
  };

  /** The recorded requests, such as `POST /api/auth/login`. */
  get calls(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
  }

  count(call: string): number {
    return this.calls.filter((each) => each === call).length;
  }

  header(name: string): (string | null)[] {
    return this.requests.map(({ headers }) => headers.get(name));
  }
}

export const REFRESH = "POST /api/auth/refresh";

export interface Party {
  client: Client;
  store: SessionStore;
  wire: Wire;
}

/** A client, with what it stores and sends. */
export function party(options: Partial<ClientOptions> = {}, store: SessionStore = memoryStore()): Party {
  const wire = new Wire();
  return { wire, store, client: createClient({ baseUrl: inject("url"), fetch: wire.fetch, session: store, ...options }) };
}

export async function admin(options?: Partial<ClientOptions>, store?: SessionStore): Promise<Party> {
  const made = party(options, store);
  await made.client.auth.signIn(ADMIN);
  made.wire.requests.length = 0;
  return made;
}

/** Register and verify a new user. */
export async function user(options?: Partial<ClientOptions>, store?: SessionStore): Promise<Party & { email: string }> {
  const made = party(options, store);
  const email = newAddress();
  await made.client.auth.register({ name: "Ada Lovelace", email, password: PASSWORD });
  await made.client.auth.verifyEmail({ token: tokenIn(await emailTo(email)) });
  made.wire.requests.length = 0;
  return { ...made, email };
}

export function newAddress(): string {
  return `ada-${randomUUID()}@example.com`;
}

/** Wait for the newest email to an address. Returns its text. */
export function emailTo(address: string, containing = ""): Promise<string> {
  return vi.waitFor(
    async () => {
      const inbox = await (await fetch(`${inject("url")}/_local/inbox.json`)).json();
      const found = (inbox as { to: string; text: string }[]).find(
        ({ to, text }) => to === address && text.includes(containing),
      );
      if (!found) throw new Error(`no email to ${address}`);
      return found.text;
    },
    { timeout: 20_000, interval: 20 },
  );
}

export function tokenIn(email: string): string {
  return /token=([\w-]+)/.exec(email)?.[1] ?? "";
}

/** Change the stored session, as time or damage would. */
export function alter(store: SessionStore, changes: { token?: string; expiresAt?: number; refreshToken?: string }): void {
  const stored = store.read();
  if (!stored.session) throw new Error("nobody is signed in");
  store.write({ ...stored, session: { ...stored.session, ...changes } });
}

/** A promise and the function that fulfills it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Web Locks (https://w3c.github.io/web-locks), as far as the client uses them. Node has them from version 24. */
export function webLocks(): Pick<LockManager, "request"> {
  const queues = new Map<string, Promise<unknown>>();
  const request = (name: string, work: () => Promise<unknown>) => {
    const result = (queues.get(name) ?? Promise.resolve()).then(work);
    queues.set(name, result.catch(() => undefined));
    return result;
  };
  return { request } as Pick<LockManager, "request">;
}

/** The `localStorage` of a browser. */
export class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (name: string) => this.items.get(name) ?? null;
  setItem = (name: string, value: string) => void this.items.set(name, value);
  removeItem = (name: string) => void this.items.delete(name);
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PERIOD = 30_000;

/**
 * Return the code that an authenticator app with this secret shows (RFC 6238), or the one after it. The API accepts both,
 * each once and in this order.
 */
export function totp(secret: string, { next = false } = {}): string {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / PERIOD) + (next ? 1 : 0)));
  const digest = createHmac("sha1", key).update(step).digest();
  const number = digest.readUInt32BE((digest.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

interface WithApp extends Party {
  email: string;
  secret: string;
  factorId: string;
  /** The code that has confirmed the app, and is used. */
  code: string;
  recoveryCodes: string[];
}

/** A new user with an authenticator app. */
export async function userWithApp(): Promise<WithApp> {
  const made = await user();
  const { factors } = made.client.auth;
  const { id, secret } = await factors.enrollTotp({ name: "Phone" });
  const code = totp(secret);
  const { recoveryCodes = [] } = await factors.confirm(id, { code });
  return { ...made, secret, factorId: id, code, recoveryCodes };
}
