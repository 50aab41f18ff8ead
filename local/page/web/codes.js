// The codes of the authenticator apps in the local data: above the inbox, and for forms.

import { byId, element, get } from "./dom.js";

let apps = []; // {email, name, code, isUsed, isConfirmed}
let endsAt = 0; // milliseconds since 1970
let timer;
let asked = 0; // how often; only the latest answer is shown

/** All codes, as they are now. */
export const all = () => apps;

const secondsLeft = () => Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));

/** Create the text that says whose a code is, and for how long. It is kept up to date by `tick`. */
export const about = ({ email, name, isUsed, isConfirmed }) =>
  element(
    "span.muted",
    { textContent: [email, name, isConfirmed ? "" : "not confirmed yet", isUsed ? "used" : ""].filter(Boolean).join(", ") + ", " },
    element("span.seconds-left", { textContent: `${secondsLeft()} s` }),
  );

const render = () => {
  const list = byId("app-codes");
  list.hidden = !apps.length;
  list.replaceChildren(...apps.map((app) => element("li", {}, element("span.app-code", { textContent: `${app.code.slice(0, 3)} ${app.code.slice(3)}` }), about(app))));
};

const tick = () => {
  clearTimeout(timer);
  if (!apps.length) return;
  if (!document.hidden && secondsLeft() === 0) {
    refresh();
    return;
  }
  for (const place of document.querySelectorAll(".seconds-left")) place.textContent = `${secondsLeft()} s`;
  timer = setTimeout(tick, 1000);
};

/** Read the codes. Dispatches `codes` when they have changed. */
export const refresh = async () => {
  const number = (asked += 1);
  const found = await get("codes.json").catch(() => ({}));
  if (number !== asked) return;
  const before = JSON.stringify(apps);
  apps = found.apps ?? [];
  endsAt = (found.endsAt ?? 0) * 1000;
  if (JSON.stringify(apps) !== before) {
    render();
    document.dispatchEvent(new Event("codes"));
  }
  tick();
};

document.addEventListener("visibilitychange", tick);
// A new app is followed by an email once it is confirmed; until then, and for used codes, by the response of a form.
document.addEventListener("emails", refresh);
document.addEventListener("sent", refresh);
