// Which view is shown, and looking for news every second.

import { byId, get, isNarrow } from "./dom.js";
import * as inbox from "./inbox.js";
import * as requests from "./requests.js";
import * as routes from "./routes.js";
import * as session from "./session.js";
import * as tables from "./tables.js";

const VIEWS = { inbox, requests, routes, tables };
const left = {}; // the last address of each view
const EVERY = 1000;
const EVERY_WHEN_HIDDEN = 3000;

/** The address says what is shown: #inbox, #inbox/<id>, #routes/<verb>/<path> and so on. */
const navigate = () => {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const view = name in VIEWS ? name : "inbox";
  if (byId(`view-${view}`).hidden) window.scrollTo(0, 0);
  for (const each of Object.keys(VIEWS)) byId(`view-${each}`).hidden = each !== view;
  left[view] = location.hash;
  for (const link of document.querySelectorAll("nav a")) {
    const { name: other } = link.dataset;
    // Back to what was open there, be it a form half filled in; from there to the view's beginning.
    const goesOn = other !== view && !(other === "inbox" && isNarrow());
    link.hash = (goesOn && left[other]) || `#${other}`;
    if (other === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  VIEWS[view].show(rest.map(decodeURIComponent));
};

let run = "";
let timer;
let looking = false;
let again = false;

const look = async () => {
  clearTimeout(timer);
  // Two answers to one question would show everything twice.
  again = looking;
  if (looking) return;
  looking = true;
  try {
    const news = await get(`news.json?${new URLSearchParams({ run, mails: inbox.count(), requests: requests.last() })}`);
    if (news.run !== run) {
      // Another runner, perhaps on other data: begin anew.
      inbox.reset();
      requests.reset();
    }
    const first = news.run !== run;
    run = news.run;
    inbox.add(news.mails, first);
    requests.add(news.requests);
    byId("gone").hidden = true;
  } catch {
    byId("gone").hidden = false;
  }
  looking = false;
  timer = setTimeout(look, again ? 0 : document.hidden ? EVERY_WHEN_HIDDEN : EVERY);
};

window.addEventListener("hashchange", navigate);
document.addEventListener("visibilitychange", () => document.hidden || look());
// A request was just tried: its row and its mail are wanted soon.
document.addEventListener("sent", () => look());
session.show();
navigate();
look();
