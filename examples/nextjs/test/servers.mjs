/** Starts the API and the application, for tests and screenshots. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, request as requestHttp } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const APPLICATION = join(import.meta.dirname, "..");
const ROOT = join(APPLICATION, "../..");
const PYTHON = join(ROOT, ".venv/bin/python");
export const ADMIN = { email: "admin@example.com", password: "nobody else has this one" };

/** A copy of the project in which `make resource NAME=note` has run. */
const WITH_NOTES = `
import sys
from pathlib import Path
from tests.support.copies import clone, run
project = clone(Path(sys.argv[1]))
run(project, "-m", "scaffold", "resource", "note", "--fields", "title:str body:Text? done:bool")
`;

const running = [];

/** Start a program in its own group of processes. Resolves when its output matches. */
function start(command, args, options, pattern) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, ...options });
  running.push(child);
  let output = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        const found = pattern.exec(output);
        if (found) resolve(found);
      });
    }
    child.once("exit", () => reject(new Error(`${command} has stopped:\n${output}`)));
  }).then((found) => ({ found, output: () => output }));
}

export async function freePort() {
  const server = createServer().listen(0, "localhost");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Start the API with new data. Its emails link to `frontendUrl`. `settings` are the lines of an `.env.local`. */
export async function startApi(frontendUrl, { withNotes = false, settings = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "example-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  let project = ROOT;
  if (withNotes) {
    const made = spawnSync(PYTHON, ["-c", WITH_NOTES, folder], { cwd: ROOT, encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stdout + made.stderr);
    project = join(folder, "copy");
  }
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    RATE_LIMIT_MULTIPLIER: "100000",
    LOCAL_ADMIN_EMAIL: ADMIN.email,
    LOCAL_ADMIN_PASSWORD: ADMIN.password,
  };
  const file = join(folder, "settings");
  writeFileSync(file, settings);
  const parameters = [`FrontendUrl=${frontendUrl}`, "EmailSignUp=on"];
  const options = ["--settings", file, "--data", join(folder, "data"), "--port", "0", "--parameter-overrides", ...parameters];
  const { found } = await start(PYTHON, ["-m", "local", ...options], { cwd: project, env }, /(http:\/\/localhost:\d+) serves/);
  return found[1];
}

/** Start the application as it was built. */
export async function startApplication(apiUrl, port, env = {}) {
  const appUrl = `http://localhost:${port}`;
  const addresses = { API_URL: apiUrl, APP_URL: appUrl, PORT: String(port) };
  const settings = { NODE_ENV: "production", EMAIL_SIGN_UP: "on", ...addresses, ...env };
  const { PATH, HOME } = process.env;
  const options = { cwd: APPLICATION, env: { PATH, HOME, PROXY_KEY: "local-development-proxy-key", ...settings } };
  const { output } = await start(process.execPath, ["server.mjs"], options, /Listening/);
  return { appUrl, output };
}

/**
 * Start a stand-in for the API as it is ten minutes after a sign-in: it passes everything on, but asks each user for another
 * proof before a change of the address or of the password.
 */
export async function startLater(apiUrl) {
  const refusal = { success: false, message: "Prove again who you are", code: "reauthentication_required", requestId: "x" };
  // Only an account without a password changes its password with a fresh session.
  const accepted = { "/api/auth/change-email": ["password"], "/api/auth/change-password": ["email"] };
  const fresh = new Set();
  const userOf = ({ authorization = "" }) =>
    JSON.parse(Buffer.from(authorization.split(".")[1] ?? "", "base64url").toString() || "{}").sub;
  const server = createHttpServer((request, response) => {
    const methods = accepted[request.url];
    if (methods && !fresh.has(userOf(request.headers))) {
      response.writeHead(403, { "Content-Type": "application/json" }).end(JSON.stringify({ ...refusal, methods }));
      return;
    }
    const { method, headers } = request;
    const passed = requestHttp(apiUrl + request.url, { method, headers }, (answer) => {
      if (request.url === "/api/auth/reauthenticate" && answer.statusCode === 200) fresh.add(userOf(request.headers));
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.once("error", () => response.destroy());
    request.pipe(passed);
  });
  server.unref().listen(0, "localhost");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://localhost:${server.address().port}`;
}

/** Stop everything that was started. */
export async function stop() {
  const ended = running.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve)));
  for (const child of running) child.kill("SIGTERM");
  await Promise.all(ended);
}
