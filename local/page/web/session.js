// The sessions of this tab: who is signed in, and as whom the forms send their requests.

import { byId, change, element } from "./dom.js";

const KEY = "local-api-sessions";

let { sessions, current } = JSON.parse(sessionStorage.getItem(KEY) ?? '{"sessions": [], "current": null}');
let administrator = null; // the address of the administrator of the local data
let showUsers = () => {};

/** Read the token's claims without verification: they are only shown. */
const claims = (token) => {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0))));
  } catch {
    return {};
  }
};

const keep = () => {
  sessionStorage.setItem(KEY, JSON.stringify({ sessions, current }));
  show();
  document.dispatchEvent(new Event("session"));
};

/** {token, refreshToken, email, role, refused} of the current user, or null. */
export const get = () => sessions.find(({ email }) => email === current) ?? null;

export const all = () => sessions;

/** Keep the tokens of a response that has some, and continue as their user. */
export const learn = (body) => {
  if (typeof body?.token !== "string") return;
  const about = claims(body.token);
  const email = body.user?.email ?? about.email ?? "a token";
  sessions = [...sessions.filter((one) => one.email !== email), { token: body.token, refreshToken: body.refreshToken, email, role: body.user?.role ?? about.role }];
  current = email;
  keep();
};

/** Mark this token as refused by the API. */
export const refused = (token) => {
  sessions = sessions.map((one) => (one.token === token ? { ...one, refused: true } : one));
  keep();
};

export const use = (email) => {
  current = email;
  keep();
};

/** Sign in as a user of the local data, without a password. Throws an error with the reason if that is impossible. */
export const signIn = async (email) => learn(await change("POST", "sign-in.json", { email }));

const signOut = async () => {
  const session = get();
  sessions = sessions.filter((one) => one !== session);
  current = sessions.at(-1)?.email ?? null;
  keep();
  const headers = { Authorization: `Bearer ${session.token}`, "Content-Type": "application/json" };
  await fetch("/api/auth/logout", { method: "POST", headers, body: "{}", credentials: "omit" }).catch(() => {});
  document.dispatchEvent(new Event("sent"));
};

/** Set who the administrator is, and what opens the list of users. Without accounts, nobody can sign in here. */
export const enableSignIn = (email, openUsers) => {
  [administrator, showUsers] = [email, openUsers];
  show();
};

const signInButton = (label, email) => {
  let isWaiting = false;
  const act = async () => {
    if (isWaiting) return;
    isWaiting = true;
    try {
      await signIn(email);
    } catch (problem) {
      show(problem.message);
    }
  };
  return element("button", { type: "button", textContent: label, title: `Sign in as ${email}`, onclick: act });
};

const who = (session) => {
  const label = ({ email, role }) => `${email}${role ? ` (${role})` : ""}`;
  if (sessions.length === 1) return element("strong", { textContent: label(session), title: session.email });
  const options = sessions.map((one) => element("option", { value: one.email, textContent: label(one), selected: one === session }));
  return element("select", { "aria-label": "Signed in as", onchange: (event) => use(event.target.value) }, ...options);
};

/** Show who is signed in, and why a sign-in failed. The focus stays on the same kind of control. */
export const show = (problem = "") => {
  const session = get();
  const place = byId("session");
  const focused = place.contains(document.activeElement) ? document.activeElement.localName : null;
  const users = administrator ? element("button.quiet", { type: "button", textContent: session ? "Switch user" : "Other users", onclick: () => showUsers() }) : null;
  const parts = session
    ? [
        element(session.refused ? "span.refused" : "span", { textContent: session.refused ? "No longer accepted: " : "Signed in as " }),
        who(session),
        session.refused && administrator ? signInButton("Sign in again", session.email) : null,
        users,
        element("button.quiet", { type: "button", textContent: "Sign out", title: "End this session", onclick: signOut }),
      ]
    : [element("span.muted", { textContent: "Not signed in" }), administrator ? signInButton("Sign in as admin", administrator) : null, users];
  const alert = problem ? element("span.refused", { role: "alert", textContent: problem }) : null;
  place.replaceChildren(...[alert, ...parts].filter(Boolean));
  if (focused) place.querySelector(focused)?.focus();
};
