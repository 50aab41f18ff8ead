/** Starts the local runner with new data, on a free port, for all tests. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

const ROOT = join(import.meta.dirname, "../../..");
export const ADMIN = { email: "admin@example.com", password: "nobody else has this one" };

declare module "vitest" {
  interface ProvidedContext {
    url: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data = await mkdtemp(join(tmpdir(), "client-"));
  const settings = {
    RATE_LIMIT_MULTIPLIER: "100000",
    LOCAL_ADMIN_EMAIL: ADMIN.email,
    LOCAL_ADMIN_PASSWORD: ADMIN.password,
  };
  const runner = spawn(join(ROOT, ".venv/bin/python"), ["-m", "local", "--data", data, "--port", "0"], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => runner.once("exit", () => resolve()));
  const output: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(runner.stdout).on("line", (line) => {
      output.push(line);
      const [, found] = /(http:\/\/localhost:\d+) serves/.exec(line) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`The runner has stopped:\n${output.join("\n")}`)));
  });
  project.provide("url", url);
  return async () => {
    runner.kill("SIGTERM");
    await ended;
    await rm(data, { recursive: true });
  };
}
