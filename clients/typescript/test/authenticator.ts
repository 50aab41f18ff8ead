/** A browser with passkeys, as far as the client uses it: `PublicKeyCredential` and `navigator.credentials`. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { vi } from "vitest";

// The runner's default FrontendUrl.
const ORIGIN = "http://localhost:3001";
const RP_ID = "localhost";

interface Passkey {
  id: Buffer;
  user: string;
  key: KeyObject;
}

interface Asked {
  publicKey: { challenge: string; user?: { id: string }; excludeCredentials?: { id: string }[] };
  mediation?: string;
  signal: AbortSignal;
}

const hash = (data: string | Buffer) => createHash("sha256").update(data).digest();
const base64url = (data: Buffer | string) => Buffer.from(data).toString("base64url");

/** The two types of CBOR (RFC 8949) that an attestation needs besides maps: texts and bytes, shorter than 256. */
const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
const bytes = (value: Buffer) => Buffer.concat([Buffer.from([0x58, value.length]), value]);

export class Browser {
  readonly passkeys: Passkey[] = [];
  /** Each ceremony that was started. */
  readonly asked: Asked[] = [];
  /** What a ceremony throws instead. */
  refusal: DOMException | undefined;
  /** Wait for the user in the ceremonies of autofill. */
  selected: Promise<unknown> = new Promise(() => undefined);

  /** Put the browser in place, until the test ends. */
  install({ autofill = true } = {}): this {
    vi.stubGlobal("PublicKeyCredential", {
      parseCreationOptionsFromJSON: (json: unknown) => json,
      parseRequestOptionsFromJSON: (json: unknown) => json,
      isConditionalMediationAvailable: async () => autofill,
    });
    const credentials = { create: (asked: Asked) => this.#run(asked, this.#create), get: (asked: Asked) => this.#run(asked, this.#get) };
    vi.stubGlobal("navigator", { credentials });
    return this;
  }

  async #run(asked: Asked, work: (asked: Asked) => object): Promise<{ toJSON(): object }> {
    this.asked.push(asked);
    const { signal, mediation } = asked;
    signal.throwIfAborted();
    if (this.refusal) throw this.refusal;
    if (mediation === "conditional") {
      await new Promise((resolve, reject) => {
        this.selected.then(resolve);
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    }
    const json = work(asked);
    return { toJSON: () => json };
  }

  readonly #create = ({ publicKey }: Asked): object => {
    const { challenge, user, excludeCredentials = [] } = publicKey;
    if (this.passkeys.some(({ id }) => excludeCredentials.some((each) => each.id === base64url(id)))) {
      throw new DOMException("excluded", "InvalidStateError");
    }
    const { privateKey, publicKey: point } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const passkey = { id: randomBytes(16), user: user?.id ?? "", key: privateKey };
    this.passkeys.push(passkey);
    const { x = "", y = "" } = point.export({ format: "jwk" });
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}: an ES256 key (RFC 9053).
    const head = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]);
    const cose = Buffer.concat([head, bytes(Buffer.from(x, "base64url")), Buffer.from([0x22]), bytes(Buffer.from(y, "base64url"))]);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, passkey.id.length]), passkey.id, cose]);
    // User present, verified, and an attested credential.
    const data = Buffer.concat([hash(RP_ID), Buffer.from([0x45]), Buffer.alloc(4), attested]);
    const entries = [text("fmt"), text("none"), text("attStmt"), Buffer.from([0xa0]), text("authData"), bytes(data)];
    const attestationObject = base64url(Buffer.concat([Buffer.from([0xa3]), ...entries]));
    const clientDataJSON = base64url(this.#clientData("webauthn.create", challenge));
    return this.#credential(passkey, { clientDataJSON, attestationObject, transports: ["internal"] });
  };

  readonly #get = ({ publicKey }: Asked): object => {
    const passkey = this.passkeys.at(-1);
    if (!passkey) throw new DOMException("no passkey", "NotAllowedError");
    const clientData = this.#clientData("webauthn.get", publicKey.challenge);
    const data = Buffer.concat([hash(RP_ID), Buffer.from([0x05]), Buffer.alloc(4)]);
    const signature = sign("sha256", Buffer.concat([data, hash(clientData)]), passkey.key);
    return this.#credential(passkey, {
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(data),
      signature: base64url(signature),
      userHandle: passkey.user,
    });
  };

  #clientData(type: string, challenge: string): string {
    return JSON.stringify({ type, challenge, origin: ORIGIN, crossOrigin: false });
  }

  #credential({ id }: Passkey, response: object): object {
    return { id: base64url(id), rawId: base64url(id), type: "public-key", response, clientExtensionResults: {} };
  }
}
