// The reference of an operation: its parameters, its body and its responses, as the document describes them.

import { block, element, grade, isNarrow, prose, shortened } from "./dom.js";
import * as openapi from "./openapi.js";
import * as schemas from "./schema.js";

const MAX_EXAMPLE = 60; // characters

/** Create what stands above reference and form: who may call, and what the operation does. */
export const introduction = (path, described, functionName) => {
  const badges = described ? openapi.callers(path, described).map(([name, why]) => element(`span.badge.${name.split(",")[0].replace(" ", "-")}`, { textContent: name, title: why })) : [];
  if (described?.deprecated) badges.push(element("span.badge.fresh", { textContent: "deprecated" }));
  return element(
    "div.introduction",
    {},
    described?.summary ? element("p.summary", {}, ...prose(described.summary).flatMap((part) => [...part.childNodes])) : null,
    element("p.badges", {}, ...badges, element("span.muted", { textContent: functionName })),
    ...prose(described?.description ?? ""),
    described ? element("p.muted", { textContent: openapi.callers(path, described).map(([, why]) => why).join(" ") }) : null,
  );
};

/** Create the parts of the reference. */
export const parts = (described) => {
  const { parameters, requestBody } = described;
  const [, media] = mediaOf(requestBody);
  return [
    parameters.length ? part("Parameters", parametersTable(parameters)) : null,
    requestBody
      ? part(
          "Body",
          element("p.muted", { textContent: [requestBody.required ? "Required" : "Optional", Object.keys(requestBody.content ?? {}).join(", ")].filter(Boolean).join(" · ") }),
          ...prose(requestBody.description ?? ""),
          fieldsTable(media.schema, "Fields of the body"),
          ...examples(media, "of the body"),
        )
      : null,
    part("Responses", ...openapi.responses(described).map(response)),
  ];
};

/** The content type to show, JSON if there is any, and its media type object. */
export const mediaOf = (body) => {
  const all = Object.entries(body?.content ?? {});
  return all.find(([kind]) => kind === "application/json") ?? all[0] ?? ["", {}];
};

/** The examples of a media type object: {name, value}. */
export const examplesOf = (media) => {
  if (media.example !== undefined) return [{ name: "", value: media.example }];
  return Object.entries(media.examples ?? {}).map(([name, one]) => ({ name, value: openapi.resolve(one).value }));
};

const part = (title, ...content) => element("details.part", { open: !isNarrow() }, element("summary", {}, element("h3", { textContent: title })), ...content.filter(Boolean));

const parametersTable = (parameters) =>
  table(
    "Parameters",
    parameters.map((one) => ({
      name: one.name,
      where: one.in,
      depth: 0,
      type: schemas.type(one.schema),
      required: one.required,
      rules: schemas.rules(one.schema),
      description: one.description ?? "",
      example: one.example ?? schemas.example(one.schema),
    })),
  );

/** In a body, the required fields are marked; in a response, where most fields are always there, the others are. */
const fieldsTable = (schema, label, isResponse = false) => {
  if (!schema) return null;
  const rows = schemas.fields(schema).map((row) => (isResponse ? { ...row, required: false, isOptional: !row.required && !row.isChoice } : row));
  const plain = schemas.simplified(schema);
  if (rows.length) return table(label, rows);
  const facts = [schemas.type(schema), ...schemas.rules(schema)].join(" · ");
  return element("p", { textContent: plain.properties ? "No fields." : facts });
};

const table = (label, rows) =>
  element(
    "div.scroll",
    { tabIndex: 0, role: "region", "aria-label": label },
    element(
      "table.fields",
      {},
      element("caption.unseen", { textContent: label }),
      element("thead", {}, element("tr", {}, element("th", { scope: "col", textContent: "Name" }), element("th", { scope: "col", textContent: "Type and rules" }))),
      element("tbody", {}, ...rows.map(fieldRow)),
    ),
  );

const fieldRow = ({ name, where, depth, type, required, isOptional, rules, description, example, isChoice }) =>
  element(
    "tr",
    {},
    element(
      `th.field-name.depth-${Math.min(depth, 6)}`,
      { scope: "row" },
      isChoice ? element("em", { textContent: name }) : element("code", { textContent: name }),
      required ? element("span.required", { textContent: "required" }) : null,
      isOptional ? element("span.optional", { textContent: "optional" }) : null,
      where ? element("span.muted", { textContent: where }) : null,
    ),
    element(
      "td",
      {},
      element("span.type", { textContent: type }),
      ...rules.flatMap((rule) => [" ", element("span.rule", { textContent: rule })]),
      ...prose(description),
      example === undefined || rules.some((rule) => rule.startsWith("always")) ? null : element("p.muted.example", {}, "for example ", element("code", { textContent: shortened(example, MAX_EXAMPLE) })),
    ),
  );

const response = ({ status, description = "", headers = {}, content, codes }) => {
  const [, media] = mediaOf({ content });
  const isError = codes.length > 0;
  return element(
    "details.response",
    {},
    element(
      "summary",
      {},
      element(`span.status.${grade(status)}`, { textContent: status }),
      element("span.brief-text", {}, ...(isError ? codes.map(({ code }) => element("code.code", { textContent: code })) : [description])),
    ),
    ...(isError ? prose(description) : []),
    isError
      ? element("dl.codes", {}, ...codes.flatMap(({ code, message }) => [element("dt", {}, element("code", { textContent: code })), element("dd", { textContent: message || "No example." })]))
      : null,
    media.schema && !isError ? fieldsTable(media.schema, `Fields of the response ${status}`, true) : null,
    ...examples(isError ? { ...media, examples: first(media.examples) } : media, `of the response ${status}`),
    headerList(headers),
  );
};

const first = (examples = {}) => Object.fromEntries(Object.entries(examples).slice(0, 1));

const headerList = (headers) => {
  const all = Object.entries(headers).map(([name, header]) => [name, openapi.resolve(header)]);
  if (!all.length) return null;
  const rows = all.flatMap(([name, { description = "", schema }]) => [
    element("dt", {}, element("code", { textContent: name })),
    element("dd", {}, ...(description ? prose(description) : [element("p", { textContent: schemas.rules(schema).join(", ") || schemas.type(schema) })])),
  ]);
  return element("details.more", {}, element("summary", { textContent: `Headers (${all.length})` }), element("dl.codes", {}, ...rows));
};

const examples = (media, ofWhat) =>
  examplesOf(media).map(({ name, value }) =>
    element(
      "details.more",
      {},
      element("summary", { textContent: name ? `Example: ${name}` : "Example" }),
      block(typeof value === "string" ? value : JSON.stringify(value, null, 2), ["Example", name, ofWhat].filter(Boolean).join(" ")),
    ),
  );
