import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// Debian's chromium, never a downloaded one.
const chromium = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const missing = !existsSync(chromium);
if (missing && process.env["WIRETALE_CI"]) throw new Error(`no chromium at ${chromium}: make deps installs it, CHROMIUM names another`);
if (missing) console.log(`web: no chromium at ${chromium}, so the pages are not tested; make deps installs it, CHROMIUM names another`);

export default defineConfig({
  testDir: "test",
  testMatch: missing ? [] : "*.spec.ts",
  outputDir: "test-results/failed",
  globalSetup: missing ? undefined : "./test/setup.ts",
  fullyParallel: true,
  workers: 2,
  timeout: 40_000,
  expect: { timeout: 8_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: chromium, args: ["--no-sandbox"] },
    screenshot: "only-on-failure",
  },
});
