// Shows what the runner knows, and looks again every second. Text is only ever set as text.
"use strict";

const shown = new Set();

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const row = (cells, className = "") =>
  element("tr", { className }, ...cells.map((text) => element("td", { textContent: text })));

const get = async (name) => (await fetch(name)).json();

const mail = ({ to, subject, text, html, sentAt }) => {
  const details = element("details", {}, element("summary", { textContent: `${subject} → ${to}, ${new Date(sentAt).toLocaleTimeString()}` }));
  details.append(element("pre", { textContent: text }));
  if (html) {
    const frame = element("iframe", { srcdoc: html, title: subject });
    frame.setAttribute("sandbox", "");
    details.append(frame);
  }
  return details;
};

const look = async () => {
  const inbox = document.getElementById("inbox");
  for (const item of (await get("inbox.json")).reverse()) {
    if (shown.has(item.id)) continue;
    if (!shown.size) inbox.textContent = "";
    shown.add(item.id);
    inbox.prepend(mail(item));
  }
  const requests = (await get("requests.json")).map((r) =>
    row(
      [new Date(r.at * 1000).toLocaleTimeString(), `${r.method} ${r.path}`, r.status, r.milliseconds.toFixed(0), r.function, r.problem || (r.cold ? "cold" : "")],
      r.status >= 500 ? "bad" : "",
    ),
  );
  document.getElementById("requests").replaceChildren(...requests);
  const routes = (await get("routes.json")).map((r) => row([r.methods.join(", "), r.path, r.function]));
  document.getElementById("routes").replaceChildren(...routes);
};

const forever = async () => {
  const gone = document.getElementById("gone");
  try {
    await look();
    gone.hidden = true;
  } catch {
    gone.hidden = false;
  }
  setTimeout(forever, 1000);
};

forever();
