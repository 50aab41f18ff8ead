import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/runner.ts",
    // Each worker takes a second to start.
    maxWorkers: 2,
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
