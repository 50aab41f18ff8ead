// Switches between the views, and polls for new emails and requests.

import * as codes from "./codes.js";
import { byId, get, isNarrow } from "./dom.js";
import * as inbox from "./inbox.js";
import * as requests from "./requests.js";
import * as routes from "./routes.js";
import * as session from "./session.js";
import * as tables from "./tables.js";
import * as users from "./users.js";

const VIEWS = { inbox, requests, routes, tables };
const lastHash = {}; // by view
// In milliseconds.
const INTERVAL = 1000;
const INTERVAL_WHEN_HIDDEN = 3000;

/** Show what the URL's hash names: #inbox, #inbox/<id>, #routes/<verb and path>, and so on. */
const navigate = () => {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const view = name in VIEWS ? name : "inbox";
  if (byId(`view-${view}`).hidden) window.scrollTo(0, 0);
  for (const each of Object.keys(VIEWS)) byId(`view-${each}`).hidden = each !== view;
  lastHash[view] = location.hash;
  for (const link of document.querySelectorAll("nav a")) {
    const { name: other } = link.dataset;
    // A link to another view leads back to what was open there, such as a half-filled form; a link to the current view
    // leads to its start. On a phone the inbox always opens as the list.
    const resumes = other !== view && !(other === "inbox" && isNarrow());
    link.hash = (resumes && lastHash[other]) || `#${other}`;
    if (other === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  VIEWS[view].show(rest.map(decodeURIComponent));
};

/** Let the developer sign in as a user of the local data, if the project has users. */
const offerSignIn = async () => {
  const { admin } = await users.find("");
  session.enableSignIn(admin, users.show);
};

let run = "";
let timer;
let isPolling = false;
let again = false;

const poll = async () => {
  clearTimeout(timer);
  // Two polls at the same time would add the same entries twice.
  again = isPolling;
  if (isPolling) return;
  isPolling = true;
  try {
    const news = await get(`news.json?${new URLSearchParams({ run, emails: inbox.count(), requests: requests.last() })}`);
    const first = news.run !== run;
    if (first) {
      // The runner was restarted, perhaps with other data.
      inbox.reset();
      requests.reset();
    }
    run = news.run;
    inbox.add(news.emails, first);
    requests.add(news.requests);
    if (news.emails.length) document.dispatchEvent(new Event("emails"));
    if (first) {
      await offerSignIn().catch(() => {});
      codes.refresh();
    }
    byId("gone").hidden = true;
  } catch {
    byId("gone").hidden = false;
  }
  isPolling = false;
  timer = setTimeout(poll, again ? 0 : document.hidden ? INTERVAL_WHEN_HIDDEN : INTERVAL);
};

window.addEventListener("hashchange", navigate);
document.addEventListener("visibilitychange", () => document.hidden || poll());
// The form of a route has sent a request: show its row and its email soon.
document.addEventListener("sent", () => poll());
session.show();
navigate();
poll();
