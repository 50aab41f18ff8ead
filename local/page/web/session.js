// The session that the forms use. It lasts as long as the tab.

import { byId, element } from "./dom.js";

const KEY = "local-api-session";

let current = JSON.parse(sessionStorage.getItem(KEY) ?? "null");

/** Read the token's claims without verification: they are only shown, and used to fill in forms. */
const claims = (token) => {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0))));
  } catch {
    return {};
  }
};

const keep = (session) => {
  current = session;
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  show();
  document.dispatchEvent(new Event("session"));
};

/** {token, refreshToken, email, role, claims, refused}, or null. */
export const get = () => current;

/** Keep the token of a response that has one. */
export const learn = (body) => {
  if (typeof body?.token !== "string") return;
  const about = claims(body.token);
  keep({
    token: body.token,
    refreshToken: body.refreshToken,
    email: body.user?.email ?? about.email ?? "a token",
    role: body.user?.role ?? about.role,
    claims: about,
  });
};

/** Mark this token as refused by the API. */
export const refused = (token) => {
  if (current?.token === token && !current.refused) keep({ ...current, refused: true });
};

export const show = () => {
  const place = byId("session");
  if (!current) {
    place.replaceChildren(element("span.muted", { textContent: "Not signed in" }));
    return;
  }
  const who = element("strong", { textContent: current.email });
  const role = current.role ? ` (${current.role})` : "";
  place.replaceChildren(
    element(current.refused ? "span.refused" : "span", { title: current.email }, current.refused ? "No longer accepted: " : "Signed in as ", who, role),
    element("button.quiet", { type: "button", textContent: "Forget", title: "Forget the token", onclick: () => keep(null) }),
  );
};
