// Writes the examples of the README and of docs/front-end.md as modules, which `npm run types` compiles.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const FOLDER = "test/readme";
const BEFORE = `import { ApiError, type Client } from "lambda-api-routes-client";
declare const client: Client;
declare const userId: string, name: string, email: string, password: string, token: string;
void [ApiError, client, userId, name, email, password, token];
`;

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
const text = ["README.md", "../../docs/front-end.md"].map((file) => readFileSync(file, "utf8")).join("\n");
const examples = [...text.matchAll(/^```tsx?\n(.*?)^```/gms)];
for (const [index, [, code]] of examples.entries()) {
  const isComplete = code.includes('"lambda-api-routes-client"');
  writeFileSync(`${FOLDER}/${index}.tsx`, (isComplete ? "" : BEFORE) + code);
}
