// What was sent and answered in a request, as the runner kept it: without secrets, and not all of a large body.

import { block, element, get } from "./dom.js";

/** Fetch the exchange with this number, and create its two messages. */
export const create = async (number, { method, path, status }) => {
  let found;
  try {
    found = await get(`exchanges/${number}.json`);
  } catch {
    return [element("p.muted", { textContent: "Its headers and bodies were discarded, since newer requests needed the room." })];
  }
  const query = found.query ? `?${found.query}` : "";
  return [
    element(
      "div.messages",
      {},
      message("Request", `${method} ${path}${query}`, found.request),
      message("Response", String(status), found.response),
    ),
  ];
};

const message = (title, line, { headers, body, note }) =>
  element(
    "section.message",
    { "aria-label": title },
    element("h2", { textContent: title }),
    element("p.line-of-message", {}, element("code", { textContent: line })),
    element(
      "details.more",
      {},
      element("summary", { textContent: `Headers (${headers.length})` }),
      element("dl.codes", {}, ...headers.flatMap(([name, value]) => [element("dt", {}, element("code", { textContent: name })), element("dd", { textContent: value })])),
    ),
    body ? block(body, `Body of the ${title.toLowerCase()}`) : null,
    note || !body ? element("p.muted", { textContent: note || "No body." }) : null,
  );
