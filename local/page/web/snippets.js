// A request as text to paste: curl for a shell, and a call of the typed client for TypeScript.

const MAX_LINE = 88;

/** Quote a text for a POSIX shell: nothing inside single quotes has a meaning, except a single quote. */
export const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Create the curl command of a request: {method, url, headers, token, body}. `body` is a text, or {fields} for a
 * multipart form. The token is in a line of its own, so that the command can be shared without it.
 */
export const curl = ({ method, url, headers, token, body }) => {
  // Brackets and braces have a meaning for curl.
  const globs = /[[\]{}]/.test(url) ? " -g" : "";
  const parts = [`curl -sS -X ${method}${globs} ${quoted(url)}`];
  // Double quotes: the shell replaces the variable.
  if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (typeof body === "string") parts.push(`--data-raw ${quoted(body)}`);
  else if (body) for (const [name, value] of body.fields) parts.push(`--form-string ${quoted(`${name}=${value}`)}`);
  const command = parts.join(" \\\n  ");
  return token ? `TOKEN=${quoted(token)}\n${command}\n` : `${command}\n`;
};

/** Write a value as TypeScript, in one line if that fits into `room`. */
const literal = (value, indent, room) => {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "undefined";
  const isArray = Array.isArray(value);
  const entries = isArray ? value.map((one) => ["", one]) : Object.entries(value);
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return open + close;
  const name = (key) => (isArray ? "" : `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: `);
  const pad = isArray ? "" : " ";
  const line = `${open}${pad}${entries.map(([key, one]) => name(key) + literal(one, "", Infinity)).join(", ")}${pad}${close}`;
  if (line.length <= room) return line;
  const deeper = `${indent}  `;
  const rows = entries.map(([key, one]) => `${deeper}${name(key)}${literal(one, deeper, MAX_LINE - deeper.length - name(key).length)},\n`);
  return `${open}\n${rows.join("")}${indent}${close}`;
};

/**
 * Create the call of the typed client: {method, path, params: {path, query, header}, body}. `path` has the names of its
 * parameters, and groups of parameters without any are left out. The client adds the token, and throws for an error.
 */
export const typescript = ({ method, path, params, body }) => {
  const given = Object.fromEntries(Object.entries(params).filter(([, group]) => Object.keys(group).length));
  const init = { ...(Object.keys(given).length ? { params: given } : {}), ...(body === undefined ? {} : { body }) };
  const call = `await client.${method}(${JSON.stringify(path)}`;
  return Object.keys(init).length ? `${call}, ${literal(init, "", MAX_LINE - call.length - 4)});\n` : `${call});\n`;
};
