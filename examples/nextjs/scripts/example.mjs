/**
 * `make example`: runs the API (PORT, 3000) and this application (APP_PORT, 3001) until Ctrl-C. With EMAIL_SIGN_UP=on, both
 * open accounts by email.
 *
 * Each program is in a process group of its own: Ctrl-C reaches this one only, which stops both and whatever they started.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const APPLICATION = join(import.meta.dirname, "..");
const ROOT = join(APPLICATION, "../..");
const { PORT = "3000", APP_PORT = "3001", EMAIL_SIGN_UP = "off" } = process.env;
const API_URL = `http://localhost:${PORT}`;
const APP_URL = `http://localhost:${APP_PORT}`;
const SECONDS_TO_STOP = 15;

const running = new Map();
let admin = "";
let isStopping = false;

/** Run a program, and print its lines behind its name, without those that `isShown` refuses. */
function run(name, command, args, options, isShown = () => true) {
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], ...options });
  running.set(name, child);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (isShown(line)) console.log(line ? `${name} | ${line}` : "");
    });
  }
  child.once("error", (error) => console.error(`${name} | ${error.message}`));
  child.once("close", (code) => {
    running.delete(name);
    if (!isStopping) stop(code || 1);
    else if (running.size === 0) process.exit();
  });
}

function stop(status) {
  // A second Ctrl-C does not wait.
  const signal = isStopping ? "SIGKILL" : "SIGTERM";
  isStopping = true;
  process.exitCode ??= status;
  const signalAll = (name) => {
    for (const { pid } of running.values()) {
      try {
        process.kill(-pid, name);
      } catch {
        // It has ended.
      }
    }
  };
  signalAll(signal);
  setTimeout(() => signalAll("SIGKILL"), SECONDS_TO_STOP * 1000).unref();
  if (running.size === 0) process.exit();
}

for (const [signal, status] of Object.entries({ SIGINT: 130, SIGTERM: 0, SIGHUP: 129 })) {
  process.on(signal, () => stop(status));
}

/** Hide the runner's tour: here, the pages are the tour. */
let isTour = false;
function isShown(line) {
  if (line.startsWith("For a tour")) isTour = true;
  else if (isTour && line && !line.startsWith("  ")) isTour = false;
  admin = /^ {2}Admin +(.*)/.exec(line)?.[1] ?? admin;
  return !isTour;
}

async function answers(url) {
  while (!isStopping) {
    try {
      await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(60_000) });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const python = join(ROOT, ".venv/bin/python");
const parameters = [
  ...(APP_PORT === "3001" ? [] : [`FrontendUrl=${APP_URL}`]),
  ...(EMAIL_SIGN_UP === "on" ? ["EmailSignUp=on"] : []),
];
const options = parameters.length ? ["--parameter-overrides", ...parameters] : [];
run("api", python, ["-m", "local", "--port", PORT, ...options], { cwd: ROOT }, isShown);
const settings = { NODE_ENV: "development", API_URL, APP_URL, PORT: APP_PORT };
run("app", process.execPath, ["server.mjs"], { cwd: APPLICATION, env: { ...process.env, ...settings } });

await Promise.all([answers(`${API_URL}/api/health`), answers(APP_URL)]);
if (!isStopping) {
  console.log(`
The application  ${APP_URL}
The API          ${API_URL}, with its emails at ${API_URL}/_local/
Administrator    ${admin}

Press Ctrl-C to stop both.
`);
}
