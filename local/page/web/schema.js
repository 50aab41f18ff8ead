// JSON schemas as rows of a table: one for each field, those of nested objects below it.

import { resolve } from "./openapi.js";

const MAX_DEPTH = 6;

/** Resolve references, join `allOf`, and take the alternative `null` out of `anyOf` and `oneOf`. */
export const simplified = (schema, depth = 0) => {
  const own = resolve(schema);
  if (depth > MAX_DEPTH) return own;
  let joined = own;
  if (own.allOf) {
    const parts = own.allOf.map((part) => simplified(part, depth + 1));
    const { allOf, ...rest } = own;
    joined = [...parts, rest].reduce((whole, part) => ({
      ...whole,
      ...part,
      properties: merged(whole.properties, part.properties),
      required: [...(whole.required ?? []), ...(part.required ?? [])],
    }), {});
  }
  const choices = joined.oneOf ?? joined.anyOf;
  if (!choices) return joined;
  const { oneOf, anyOf, ...rest } = joined;
  const others = choices.map((part) => simplified(part, depth + 1)).filter((part) => part.type !== "null");
  const nullable = others.length < choices.length || others.some((part) => part.nullable);
  const about = nullable ? { nullable } : {};
  return others.length === 1 ? { ...others[0], ...rest, ...about } : { ...rest, ...about, choices: others };
};

/** A property that two parts have is of both: the second may only add to the first. */
const merged = (first = {}, second = {}) => {
  const both = { ...first };
  for (const [name, schema] of Object.entries(second)) both[name] = name in first ? { ...resolve(first[name]), ...resolve(schema) } : schema;
  return Object.keys(both).length ? both : undefined;
};

/** The type in words: "string", "array of object", "string or null". */
export const type = (schema, depth = 0) => {
  const plain = simplified(schema);
  const listed = Array.isArray(plain.type) ? plain.type : [plain.type];
  const names = plain.choices ? plain.choices.map((one) => type(one, depth + 1)) : listed.filter((name) => name && name !== "null");
  if (!names.length) names.push("const" in plain ? typeof plain.const : plain.enum ? typeof plain.enum[0] : plain.properties ? "object" : "any");
  const whole = [...new Set(names)].map((name) => (name === "array" && plain.items && depth < MAX_DEPTH ? `array of ${type(plain.items, depth + 1)}` : name)).join(" or ");
  return plain.nullable || listed.includes("null") ? `${whole} or null` : whole;
};

const range = (least, most, unit) => {
  if (least === undefined && most === undefined) return "";
  if (least === undefined) return `at most ${most}${unit}`;
  if (most === undefined) return `at least ${least}${unit}`;
  return least === most ? `exactly ${least}${unit}` : `${least} to ${most}${unit}`;
};

/** The rules of a value, each as a short text. */
export const rules = (schema) => {
  const plain = simplified(schema);
  const found = [
    "const" in plain ? `always ${JSON.stringify(plain.const)}` : "",
    plain.enum ? `one of ${plain.enum.map((value) => JSON.stringify(value)).join(", ")}` : "",
    plain.format ? `format ${plain.format}` : "",
    range(plain.minLength, plain.maxLength, " characters"),
    range(plain.minimum, plain.maximum, ""),
    plain.exclusiveMinimum === undefined ? "" : `more than ${plain.exclusiveMinimum}`,
    plain.exclusiveMaximum === undefined ? "" : `less than ${plain.exclusiveMaximum}`,
    plain.multipleOf === undefined ? "" : `a multiple of ${plain.multipleOf}`,
    range(plain.minItems, plain.maxItems, " items"),
    plain.uniqueItems ? "no item twice" : "",
    plain.pattern ? `matches ${plain.pattern}` : "",
    plain.additionalProperties === false && plain.properties ? "no other fields" : "",
    plain.default === undefined || plain.default === null ? "" : `default ${JSON.stringify(plain.default)}`,
    plain.readOnly ? "read only" : "",
    plain.writeOnly ? "write only" : "",
    plain.deprecated ? "deprecated" : "",
  ];
  return found.filter(Boolean);
};

/** The first example of a value, or undefined. */
export const example = (schema) => {
  const plain = simplified(schema);
  return plain.example ?? plain.examples?.[0];
};

/** The fields of an object, with those inside: {name, depth, type, required, rules, description, example}. */
export const fields = (schema, depth = 0, seen = []) => {
  const plain = simplified(schema);
  const found = Object.entries(plain.properties ?? {}).flatMap(([name, property]) => {
    const { description = "" } = simplified(property);
    const row = { name, depth, type: type(property), required: (plain.required ?? []).includes(name), rules: rules(property), description, example: example(property) };
    return [row, ...inside(property, depth, seen)];
  });
  const choices = (plain.choices ?? []).flatMap((choice, at) => [
    { name: at ? "or" : "either", depth, isChoice: true, type: type(choice), required: false, rules: rules(choice), description: choice.description ?? "" },
    ...fields(choice, depth + 1, seen),
  ]);
  const other = plain.additionalProperties;
  const others =
    other && typeof other === "object"
      ? [{ name: "any name", isChoice: true, depth, type: type(other), required: false, rules: rules(other), description: "" }, ...inside(other, depth, seen)]
      : [];
  return [...found, ...choices, ...others];
};

/** The fields of a nested object, or of the objects in an array. A type inside itself is shown once. */
const inside = (schema, depth, seen) => {
  const plain = simplified(schema);
  const inner = plain.items ? simplified(plain.items) : plain;
  if (depth >= MAX_DEPTH || (inner.properties && seen.includes(inner.properties))) return [];
  return inner.properties || inner.choices ? fields(inner, depth + 1, [...seen, inner.properties]) : [];
};
