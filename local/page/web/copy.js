// The buttons that copy a form's request as text, and the place that shows the text.

import { KINDS, pairs } from "./body.js";
import { block, element } from "./dom.js";
import { curl, typescript } from "./snippets.js";

/**
 * Create the buttons and the place. `read` returns the request: {verb, path, target, token, values, query, headers, body},
 * where `path` has the names of the parameters, `target` their `values`; `body` is {type, text, fields} or null.
 */
export const create = (read) => {
  const place = element("div.snippet", { hidden: true });
  const show = (label, text) => {
    const copied = element("p.muted", { role: "status" });
    const close = element("button.quiet", { type: "button", textContent: "Close", onclick: () => (place.hidden = true) });
    place.replaceChildren(element("div.line", {}, element("strong", { textContent: label }), copied, close), block(text, label));
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    // A browser may refuse; the text can then be selected.
    navigator.clipboard.writeText(text).then(() => (copied.textContent = "Copied"), () => (copied.textContent = "Select the text to copy it"));
  };
  const button = (label, text) => element("button", { type: "button", textContent: `Copy as ${label}`, onclick: () => show(label, text(read())) });
  return { buttons: [button("curl", asCurl), button("TypeScript", asTypeScript)], place };
};

const asCurl = ({ verb, target, token, headers, body }) => {
  const request = { method: verb, url: location.origin + target, headers, token };
  if (!body) return curl(request);
  // curl sets the type of a multipart form itself, with the boundary.
  if (body.type === KINDS["Form, multipart"]) return curl({ ...request, body: { fields: pairs(body.fields) } });
  const text = body.type === KINDS.JSON ? body.text : new URLSearchParams(pairs(body.fields)).toString();
  return curl({ ...request, headers: { ...headers, "Content-Type": body.type }, body: text });
};

const asTypeScript = ({ verb, path, values, query, headers, body }) =>
  typescript({ method: verb, path, params: { path: values, query, header: headers }, body: body?.fields });
