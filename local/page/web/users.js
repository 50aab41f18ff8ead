// The users of the local data, to sign in as one of them.

import { open } from "./dialog.js";
import { byId, element, get } from "./dom.js";
import * as session from "./session.js";

/** Fetch the users whose address, name or id contains the text: {admin, users, more}. */
export const find = (text) => get(`users.json?${new URLSearchParams({ text })}`);

const row = (user, close, report) => {
  const known = session.all().find(({ email, refused }) => email === user.email && !refused);
  const isCurrent = known && known === session.get();
  const act = async () => {
    try {
      if (known) session.use(user.email);
      else await session.signIn(user.email);
      close();
      byId("session").querySelector("button")?.focus();
    } catch (problem) {
      report(problem.message);
    }
  };
  const label = known ? "Switch to" : "Sign in as";
  const button = element("button", {
    type: "button",
    textContent: known ? "Switch" : label,
    onclick: act,
    disabled: user.status !== "active",
    hidden: Boolean(isCurrent),
    "aria-label": `${label} ${user.email}`,
  });
  const facts = [user.role, user.status === "active" ? "" : user.status, isCurrent ? "current" : known ? "signed in" : ""].filter(Boolean).join(", ");
  return element("li.user", {}, element("div", {}, element("div.who", { textContent: user.email }), element("div.muted", { textContent: `${user.name} · ${facts}` })), button);
};

/** Open the list of users. */
export const show = () => {
  const filter = element("input", { id: "user-filter", type: "search", placeholder: "Address, name or id", autocomplete: "off" });
  const list = element("ul.users", { "aria-label": "Users" });
  const note = element("p.muted", { role: "status" });
  const fill = async () => {
    const wanted = filter.value;
    try {
      const { users, more } = await find(wanted);
      if (wanted !== filter.value) return;
      list.replaceChildren(...users.map((user) => row(user, () => dialog.close(), (message) => (note.textContent = message))));
      note.textContent = more ? "There are more: filter by address or name." : users.length ? "" : "No user matches.";
    } catch {
      note.textContent = "The users cannot be read. Check the runner's terminal and try again.";
    }
  };
  filter.addEventListener("input", fill);
  const about = element("p.muted", { textContent: "A real session of the user, without their password. Sessions that are open in this tab stay, so that you can switch between them." });
  const dialog = open("Sign in as a user", about, element("label.unseen", { for: filter.id, textContent: "Filter users" }), filter, list, note);
  filter.focus();
  fill();
};
