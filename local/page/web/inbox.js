// The inbox: the list of emails, and the chosen one as HTML, as text and as source.

import { block, byId, clock, element, get, isNarrow, refill, rove, tabs } from "./dom.js";

const KEY = "local-api-inbox";
const STEP = 200;

let emails = []; // oldest first
let limit = STEP;
let openId = "";
let tab = "Preview";
let unread = new Set();

const settle = rove(byId("emails"), "a");

/** The number of emails received so far. */
export const count = () => emails.length;

export const reset = () => {
  emails = [];
};

/** Add new emails as unread. Those that already exist when the tab is first opened are marked as read. */
export const add = (more, first) => {
  if (!more.length && !first) return;
  emails.push(...more);
  if (first) {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    const seen = stored ? emails.findIndex((email) => email.id === stored.last) : emails.length - 1;
    const old = new Set(stored?.unread ?? []);
    unread = new Set(emails.filter((email, index) => index > seen || old.has(email.id)).map((email) => email.id));
  } else {
    for (const email of more) unread.add(email.id);
    const { to, subject } = more.at(-1);
    byId("announcement").textContent = more.length > 1 ? `${more.length} new emails` : `New email to ${to}: ${subject}`;
  }
  render();
};

/** Show the email with this id, or none. */
export const show = ([id = ""]) => {
  if (id === openId) return;
  openId = id;
  unread.delete(id);
  render();
  open(id);
};

const matches = (email, words) =>
  words.every((word) => `${email.to} ${email.from} ${email.subject}`.toLowerCase().includes(word));

const row = (email) => {
  const link = element(
    unread.has(email.id) ? "a.row.unread" : "a.row",
    { href: `#inbox/${encodeURIComponent(email.id)}` },
    element("span.line", {}, element("span.who", { textContent: email.to }), element("time.muted", { textContent: clock(new Date(email.sentAt)), dateTime: email.sentAt })),
    element("span.what", { textContent: email.subject || "(no subject)" }),
    unread.has(email.id) ? element("span.unseen", { textContent: "unread" }) : null,
  );
  if (email.id === openId) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
};

const render = () => {
  const words = byId("email-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  let older = 0;
  for (let index = emails.length - 1; index >= 0; index -= 1) {
    if (!matches(emails[index], words)) continue;
    if (found.length < limit) found.push(emails[index]);
    else older += 1;
  }
  refill(byId("emails"), found.map(row));
  settle();
  byId("older-emails").hidden = !older;
  byId("no-email").hidden = found.length > 0;
  byId("no-email").textContent = emails.length ? "No email matches." : "No emails yet. Emails that the API sends through SES end up here, and nowhere else.";
  byId("unread").textContent = unread.size;
  byId("unread").hidden = byId("all-read").hidden = !unread.size;
  document.title = unread.size ? `(${unread.size}) Local API` : "Local API";
  byId("view-inbox").classList.toggle("opened", openId !== "");
  sessionStorage.setItem(KEY, JSON.stringify({ last: emails.at(-1)?.id ?? "", unread: [...unread] }));
};

const open = async (id) => {
  const place = byId("email");
  if (!id) {
    place.replaceChildren(element("p.empty", { textContent: "Choose an email to read it." }));
    return;
  }
  let email;
  try {
    email = await get(`emails/${encodeURIComponent(id)}.json`);
  } catch {
    if (id === openId) place.replaceChildren(element("p.empty", { textContent: "There is no such email." }));
    return;
  }
  if (id !== openId) return;
  const heading = element("h2", { textContent: email.subject || "(no subject)", tabIndex: -1 });
  const facts = { From: email.from, To: email.to, "Reply to": email.replyTo, Sent: clock(new Date(email.sentAt)) };
  const links = email.links.map(({ url, opens }) => element("dd", {}, element("a", { href: opens, target: "_blank", rel: "noopener", textContent: url }), opens === url ? null : element("span.muted", { textContent: " (opens the stand-in: no front end is running)" })));
  const panels = {};
  if (email.html) panels.Preview = () => preview(id, email.subject);
  if (email.text) panels.Text = () => block(email.text, "Text");
  panels.Source = () => block(email.source, "Source");
  place.replaceChildren(
    element("a.back", { href: "#inbox", textContent: "← All emails" }),
    heading,
    element("dl.facts", {}, ...Object.entries(facts).flatMap(([name, value]) => (value ? [element("dt", { textContent: name }), element("dd", { textContent: value })] : [])), ...(links.length ? [element("dt", { textContent: links.length > 1 ? "Links" : "Link" }), ...links] : [])),
    ...tabs("View the email as", panels, tab, (name) => (tab = name)),
  );
  if (isNarrow()) heading.focus();
};

/** Create a sandboxed frame for the HTML: no origin, no scripts. Its content security policy also blocks loading and sending. */
const preview = (id, subject) => {
  const frame = element("iframe", { title: `HTML of ${subject}`, src: `emails/${encodeURIComponent(id)}.html` });
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  return frame;
};

byId("email-filter").addEventListener("input", () => {
  limit = STEP;
  render();
});
byId("email-filter").form.addEventListener("submit", (event) => event.preventDefault());
byId("older-emails").addEventListener("click", () => {
  limit += STEP;
  render();
});
byId("all-read").addEventListener("click", () => {
  unread.clear();
  render();
  byId("email-filter").focus();
});
open("");
