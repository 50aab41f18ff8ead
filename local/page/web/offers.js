// What the inbox has for an operation that takes a token or a code: those of the newest emails.

import { clock, element, get } from "./dom.js";

const NAMES = ["token", "code", "registration"];
const MAX_SHOWN = 3;

const registrations = new Map(); // address → the secret that its latest registration returned

/** Remember the secret of a registration, which its client needs to confirm the address. */
export const learn = (sent, answer) => {
  if (sent?.email && typeof answer?.registration === "string") registrations.set(sent.email.toLowerCase(), answer.registration);
};

/** Whether an operation with these fields takes something from an email. */
export const apply = (fields) => NAMES.some((name) => fields.includes(name));

/** Create the list of offers. `read` returns the fields of the body, `write` replaces them. `refresh` fills the list. */
export const create = (fields, read, write) => {
  const list = element("ul.offers", { "aria-label": "From the inbox" });
  const place = element("div.field", { hidden: true }, element("span.label", { textContent: "From the inbox" }), list);

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
