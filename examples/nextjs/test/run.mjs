/** `npm test`: starts the API with notes and the application, and runs the tests in Chromium. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "./browser.mjs";
import { freePort, startApi, startApplication, startLater, stop } from "./servers.mjs";

if (!findChromium()) {
  console.log("Skipped: there is no Chromium. Install it, or set CHROMIUM=/path/to/chromium.");
  process.exit(0);
}

let status = 1;
try {
  const began = Date.now();
  const port = await freePort();
  const apiUrl = await startApi(`http://localhost:${port}`, { withNotes: true });
  const [application, refreshing] = await Promise.all([
    startApplication(apiUrl, port),
    // Each navigation refreshes. The header is trusted, as behind a load balancer.
    startApplication(await startLater(apiUrl), await freePort(), { REFRESH_IN: "3600", CLIENT_ADDRESS_FROM: "X-Forwarded-For" }),
  ]);
  console.log(`The API with notes and the application run, after ${Math.round((Date.now() - began) / 1000)} s`);
  const files = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => join(import.meta.dirname, name));
  const env = {
    ...process.env,
    EXAMPLE_API: apiUrl,
    EXAMPLE_APPLICATION: application.appUrl,
    EXAMPLE_REFRESHING: refreshing.appUrl,
  };
  const tests = spawn(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=spec", ...files], {
    env,
    stdio: "inherit",
  });
  status = await new Promise((resolve) => tests.once("exit", (code) => resolve(code ?? 1)));
  // What the application writes must not have tokens either: `eyJ` begins a JWT.
  const logs = application.output() + refreshing.output();
  if (/eyJ[\w-]{20}/.test(logs)) throw new Error(`There is a token in the logs:\n${logs}`);
  if (status) console.log(logs);
} finally {
  await stop();
}
process.exit(status);
