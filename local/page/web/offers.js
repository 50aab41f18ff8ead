// What an operation that takes a token or a code can use: links and codes of the newest emails, codes of authenticator apps,
// and recovery codes that were shown in this tab.

import * as codes from "./codes.js";
import { clock, element, get } from "./dom.js";
import * as session from "./session.js";

const NAMES = ["token", "code", "registration"];
const MAX_SHOWN = 3;

const registrations = new Map(); // address → the secret that its latest registration returned
const recoveryCodes = new Map(); // address → the recovery codes that are left
let pending = ""; // the address of the latest first step that asks for a second one

/** Remember secrets that a response has, and which recovery code is used. */
export const learn = (sent, answer, isAccepted) => {
  const address = sent?.email?.toLowerCase();
  if (address && answer?.mfa) pending = address;
  if (!isAccepted) return;
  if (address && typeof answer?.registration === "string") registrations.set(address, answer.registration);
  const user = (session.get()?.email ?? "").toLowerCase();
  const shown = answer?.data?.recoveryCodes;
  if (Array.isArray(shown)) recoveryCodes.set(user, shown);
  if (!sent?.recoveryCode) return;
  for (const [owner, left] of recoveryCodes) recoveryCodes.set(owner, left.filter((code) => code !== sent.recoveryCode));
};

/** Whether the code of these fields is that of an app. Otherwise it was emailed: to an address, or for a request. */
const areOfApp = (fields) => fields.includes("recoveryCode") || (fields.includes("code") && !["email", "request"].some((name) => fields.includes(name)));

/** Whether an operation with these fields takes something that can be offered. */
export const apply = (fields) => NAMES.some((name) => fields.includes(name));

/**
 * Create the list of offers for these fields of a body. `read` returns the fields, `write` replaces them. `refresh` fills the
 * list.
 */
export const create = (fields, read, write) => (areOfApp(fields) ? ofApps : ofInbox)(fields, read, write);

const placeOf = (label) => {
  const list = element("ul.offers", { "aria-label": label });
  return [list, element("div.field", { hidden: true }, element("span.label", { textContent: label }), list)];
};

/** Offer codes of apps and recovery codes: those of the user in question, or else all. */
const ofApps = (fields, read, write) => {
  const [list, place] = placeOf("From authenticator apps");
  const proofs = ["password", "code", "recoveryCode", "credential", "request", "mailCode"];
  const use = (name, value) => {
    const rest = Object.entries(read() ?? {}).filter(([other]) => !proofs.includes(other));
    write({ ...Object.fromEntries(rest), [name]: value });
  };
  const button = (label, name, value, whose) => element("button", { type: "button", textContent: label, onclick: () => use(name, value), "aria-label": `${label} of ${whose}` });
  const refresh = () => {
    const user = fields.includes("token") ? pending : (session.get()?.email ?? "").toLowerCase();
    const own = (all, addressOf) => (all.some((one) => addressOf(one) === user) ? all.filter((one) => addressOf(one) === user) : all);
    const isConfirmation = !fields.includes("recoveryCode");
    const apps = own(codes.all().filter(({ isConfirmed }) => isConfirmed !== isConfirmation), ({ email }) => email.toLowerCase());
    const left = isConfirmation ? [] : own([...recoveryCodes].filter(([, some]) => some.length), ([owner]) => owner);
    list.replaceChildren(
      ...apps.slice(0, MAX_SHOWN).map((app) => element("li", {}, button(`Use code ${app.code}`, "code", app.code, `${app.name}, ${app.email}`), codes.about(app))),
      ...left.slice(0, MAX_SHOWN).map(([owner, some]) => element("li", {}, button("Use recovery code", "recoveryCode", some[0], owner), element("span.muted", { textContent: `${owner}, ${some.length} left` }))),
    );
    place.hidden = !list.children.length;
  };
  return { place, refresh };
};

/** Offer links and codes of the newest emails. */
const ofInbox = (fields, read, write) => {
  const [list, place] = placeOf("From the inbox");

  const use = (email, kind) => {
    const { token, code, ...rest } = read() ?? {};
    const body = kind === "code" ? { ...rest, email: email.to, code: email.code } : { token: decodeURIComponent(email.token), ...rest };
    if (kind === "token" && "code" in (read() ?? {})) delete body.email;
    if (fields.includes("registration")) {
      const secret = registrations.get(email.to.toLowerCase());
      if (secret) body.registration = secret;
      // The example's secret, which no registration has.
      else if (/^A+$/.test(body.registration ?? "A")) delete body.registration;
    }
    write(body);
  };
  const row = (email) => {
    const button = (kind, label) => element("button", { type: "button", textContent: label, onclick: () => use(email, kind), "aria-label": `${label} of “${email.subject}” to ${email.to}` });
    return element(
      "li",
      {},
      email.code && fields.includes("code") ? button("code", `Use code ${email.code}`) : null,
      email.token && fields.includes("token") ? button("token", "Use link") : null,
      element("span.muted", { textContent: `${email.subject}, ${email.to}, ${clock(new Date(email.sentAt))}` }),
    );
  };
  const refresh = async () => {
    const address = fields.includes("email") ? (read()?.email ?? "") : "";
    const found = await get(`offers.json?${new URLSearchParams({ to: address })}`).catch(() => []);
    // The example's address has no emails: then the newest of all are offered.
    const all = found.length || !address ? found : await get("offers.json").catch(() => []);
    const usable = all.filter((email) => (email.code && fields.includes("code")) || (email.token && fields.includes("token")));
    list.replaceChildren(...usable.slice(0, MAX_SHOWN).map(row));
    place.hidden = !usable.length;
  };
  return { place, refresh };
};
