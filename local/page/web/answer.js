// What a form shows of the API's response.

import { block, element, grade, tabs } from "./dom.js";

const MAX_SHOWN = 200_000; // characters of the body

/** Create the response's status and duration. */
export const result = (response, took) => {
  // Browsers hide the status of a redirect from scripts.
  const status = response.type === "opaqueredirect" ? "A redirect" : `${response.status} ${response.statusText}`;
  return [element(`strong.status.${grade(response.status)}`, { textContent: status }), element("span.muted", { textContent: ` in ${Math.round(took)} ms` })];
};

/** Create its body and headers. */
export const content = (response, text, value) => {
  const pretty = value === undefined ? text : JSON.stringify(value, null, 2);
  const headers = [...response.headers].map(([name, one]) => `${name}: ${one}`).join("\n");
  const panels = {
    Body: () => (text ? block(pretty.slice(0, MAX_SHOWN), "Body") : element("p.muted", { textContent: "No body." })),
    Headers: () => block(headers, "Headers"),
  };
  return tabs("Parts of the response", panels, "Body", () => {});
};
