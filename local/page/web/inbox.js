// The mails: a list, and one of them as it looks, as text, and as it is on the wire.

import { block, byId, clock, element, get, isNarrow, refill, rove, tabs } from "./dom.js";

const KEY = "local-api-inbox";
const STEP = 200;

let mails = []; // oldest first, as they arrive
let room = STEP;
let openId = "";
let tab = "Preview";
let unread = new Set();

const settle = rove(byId("mails"), "a");

/** How many mails are known. */
export const count = () => mails.length;

export const reset = () => {
  mails = [];
};

/** Take in new mails. The first time in this tab, those that are there have been seen; later what is new is unread. */
export const add = (more, first) => {
  if (!more.length && !first) return;
  mails.push(...more);
  if (first) {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    const seen = kept ? mails.findIndex((mail) => mail.id === kept.last) : mails.length - 1;
    const old = new Set(kept?.unread ?? []);
    unread = new Set(mails.filter((mail, index) => index > seen || old.has(mail.id)).map((mail) => mail.id));
  } else {
    for (const mail of more) unread.add(mail.id);
    const { to, subject } = more.at(-1);
    byId("announcement").textContent = more.length > 1 ? `${more.length} new mails` : `New mail to ${to}: ${subject}`;
  }
  render();
};

/** Show one mail: its id, or none. */
export const show = ([id = ""]) => {
  if (id === openId) return;
  openId = id;
  unread.delete(id);
  render();
  open(id);
};

const matches = (mail, words) =>
  words.every((word) => `${mail.to} ${mail.from} ${mail.subject}`.toLowerCase().includes(word));

const row = (mail) => {
  const link = element(
    unread.has(mail.id) ? "a.row.unread" : "a.row",
    { href: `#inbox/${encodeURIComponent(mail.id)}` },
    element("span.line", {}, element("span.who", { textContent: mail.to }), element("time.muted", { textContent: clock(new Date(mail.sentAt)), dateTime: mail.sentAt })),
    element("span.what", { textContent: mail.subject || "(no subject)" }),
    unread.has(mail.id) ? element("span.unseen", { textContent: "unread" }) : null,
  );
  if (mail.id === openId) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
};

const render = () => {
  const words = byId("mail-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  let left = 0;
  for (let index = mails.length - 1; index >= 0; index -= 1) {
    if (!matches(mails[index], words)) continue;
    if (found.length < room) found.push(mails[index]);
    else left += 1;
  }
  refill(byId("mails"), found.map(row));
  settle();
  byId("older-mails").hidden = !left;
  byId("no-mail").hidden = found.length > 0;
  byId("no-mail").textContent = mails.length ? "No mail fits." : "No mail yet. What the API sends arrives here, and nowhere else.";
  byId("unread").textContent = unread.size;
  byId("unread").hidden = byId("all-read").hidden = !unread.size;
  document.title = unread.size ? `(${unread.size}) Local API` : "Local API";
  byId("view-inbox").classList.toggle("opened", openId !== "");
  sessionStorage.setItem(KEY, JSON.stringify({ last: mails.at(-1)?.id ?? "", unread: [...unread] }));
};

const open = async (id) => {
  const place = byId("mail");
  if (!id) {
    place.replaceChildren(element("p.empty", { textContent: "Choose a mail to read it." }));
    return;
  }
  let mail;
  try {
    mail = await get(`mails/${encodeURIComponent(id)}.json`);
  } catch {
    if (id === openId) place.replaceChildren(element("p.empty", { textContent: "This mail is not there." }));
    return;
  }
  if (id !== openId) return;
  const heading = element("h2", { textContent: mail.subject || "(no subject)", tabIndex: -1 });
  const facts = { From: mail.from, To: mail.to, "Reply to": mail.replyTo, Sent: clock(new Date(mail.sentAt)) };
  const panels = {};
  if (mail.html) panels.Preview = () => preview(id, mail.subject);
  if (mail.text) panels.Text = () => block(mail.text, "Text");
  panels.Source = () => block(mail.source, "Source");
  place.replaceChildren(
    element("a.back", { href: "#inbox", textContent: "← All mails" }),
    heading,
    element("dl.facts", {}, ...Object.entries(facts).flatMap(([name, value]) => (value ? [element("dt", { textContent: name }), element("dd", { textContent: value })] : []))),
    ...tabs("The mail as", panels, tab, (name) => (tab = name)),
  );
  if (isNarrow()) heading.focus();
};

/** The mail's HTML, in a frame of no origin that runs no scripts. Its own policy forbids it everything but to look. */
const preview = (id, subject) => {
  const frame = element("iframe", { title: `HTML of ${subject}`, src: `mails/${encodeURIComponent(id)}.html` });
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  return frame;
};

byId("mail-filter").addEventListener("input", () => {
  room = STEP;
  render();
});
byId("mail-filter").form.addEventListener("submit", (event) => event.preventDefault());
byId("older-mails").addEventListener("click", () => {
  room += STEP;
  render();
});
byId("all-read").addEventListener("click", () => {
  unread.clear();
  render();
  byId("mail-filter").focus();
});
open("");
