// `wiretale serve` as a fixture: one for each set of files and worker, with what must never happen watched on every page.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";
import { shots, wiretale } from "./inputs.ts";

interface Server {
  url: string;
  token: string;
  process: ChildProcess;
}

async function start(files: readonly string[]): Promise<Server> {
  const child = spawn(wiretale, ["serve", "--no-browser", "--", ...files], { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const match = /(http:\/\/[^/\s]+)\/\?token=(\S+)/.exec(said);
      if (match) resolve({ url: match[1]!, token: match[2]!, process: child });
    };
    child.stdout!.on("data", hear);
    child.stderr!.on("data", hear);
    child.on("exit", (code) => reject(new Error(`wiretale serve ended with ${code}: ${said}`)));
  });
}

interface Fixtures {
  /** Opens a view of files, such as "#/records?filter=tcp", and waits for what is analysed. */
  open: (files: readonly string[], hash?: string) => Promise<Server>;
  /** What went wrong in the page: errors, dialogs, requests to elsewhere. Checked to be empty after each test. */
  faults: string[];
}

export const test = base.extend<Fixtures, { servers: Map<string, Promise<Server>> }>({
  servers: [
    async ({}, use) => {
      const servers = new Map<string, Promise<Server>>();
      await use(servers);
      for (const server of servers.values()) (await server).process.kill();
    },
    { scope: "worker" },
  ],
  faults: [
    async ({ page }, use) => {
      const faults: string[] = [];
      page.on("console", (m) => m.type() === "error" && !expected(m.text()) && faults.push(`console: ${m.text()} ${m.location().url}`));
      page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
      page.on("dialog", (dialog) => {
        faults.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on("request", (request) => {
        const url = new URL(request.url());
        if (!["127.0.0.1", ""].includes(url.hostname)) faults.push(`request: ${request.url()}`);
      });
      await page.addInitScript(() => {
        (window as unknown as { pwned: () => void }).pwned = () => console.error("pwned: text of a capture ran");
      });
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
  open: async ({ page, servers }, use) => {
    await use(async (files, hash = "") => {
      const key = files.join("\n");
      let server = servers.get(key);
      if (!server) servers.set(key, (server = start(files)));
      const s = await server;
      await page.goto(`${s.url}/?token=${s.token}`);
      await analysed(page);
      if (hash) await page.goto(`${s.url}/${hash}`);
      return s;
    });
  },
});

// A refused filter and a list that is not there are answers with a status that the browser logs by itself.
function expected(text: string): boolean {
  return /^Failed to load resource: the server responded with a status of (400|404|409)/.test(text);
}

/** Waits until the case is analysed and its list of records is complete. */
export async function analysed(page: Page) {
  await expect
    .poll(
      async () =>
        page.evaluate(async () => {
          const { cases } = (await (await fetch("/api/v1/")).json()) as { cases: { state: string; indexed?: boolean }[] };
          return cases.every((c) => c.state === "failed" || (c.state !== "reading" && c.indexed !== false));
        }),
      { timeout: 30_000 },
    )
    .toBe(true);
}

/** Keeps a picture of the page, to be looked at. */
export async function shot(page: Page, name: string) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, name + ".png") });
}

export { expect };
