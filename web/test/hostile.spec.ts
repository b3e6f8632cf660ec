// Text of a capture is an attacker's. Every page shows it, and nothing of it runs, is fetched, or turns the text around it.
// The fixture `faults` has every dialog, error and request to elsewhere.
import { readFileSync } from "node:fs";
import { expect, test } from "./serve.ts";
import { input, root } from "./inputs.ts";
import { fileName, strings } from "./hostile.ts";
import { join } from "node:path";
import { shown, views } from "./pages.ts";
import type { Page } from "@playwright/test";

/** Elements that only markup of the capture could have made. */
async function clean(page: Page) {
  const bad = await page.evaluate(() => [...document.querySelectorAll("#app script, img, iframe, object, embed, #app style, svg[onload], [onerror], [onload], a[href^='javascript:'], form[action]")].map((e) => e.outerHTML.slice(0, 120)));
  expect(bad).toEqual([]);
  const turned = await page.evaluate(() => /[\u202a-\u202e\u2066-\u2069\u001b]/.test(document.body.innerText));
  expect(turned).toBe(false);
}

test("names, headers and bytes of packets", async ({ page, open }) => {
  test.setTimeout(90_000);
  await open([input("hostile.pcap")]);
  for (const view of views) {
    await page.goto(new URL(view.hash, page.url()).href);
    await shown(page, view);
    await clean(page);
  }
  // Each hostile connection: its records with details, what was said in it in all forms.
  for (let i = 0; i < strings.length; i += 3) {
    await page.goto(new URL(`#/records?filter=http&frame=0:${25 + i}`, page.url()).href);
    await page.locator(".details, .state").first().waitFor();
    await clean(page);
    for (const form of ["text", "hex", "http"]) {
      await page.goto(new URL(`#/follow?conversation=${strings.length + i}&form=${form}`, page.url()).href);
      await page.locator(".said-all").waitFor();
      await clean(page);
    }
  }
  await page.goto(new URL(`#/requests`, page.url()).href);
  await expect(page.getByRole("grid", { name: "Requests" })).toContainText("onerror=pwned()");
});

test("names of processes and strings of events", async ({ page, open }) => {
  await open([input("hostile/hostile.etl")]);
  for (const view of views) {
    await page.goto(new URL(view.hash, page.url()).href);
    await shown(page, view);
    await clean(page);
  }
  await page.goto(new URL("#/conversations?view=process", page.url()).href);
  await expect(page.getByRole("treegrid")).toContainText("<img/src=x/onerror=alert(1)>.exe");
});

test("names of files, opened and sent", async ({ page, open }) => {
  await open([input(fileName)]);
  await expect(page.locator(".case-name")).toContainText("<img src=x onerror=pwned()>");
  await clean(page);
  await page.locator('input[type="file"]').setInputFiles([{ name: `<script>pwned()</script>\u202e.pcap`, mimeType: "text/html", buffer: readFileSync(input("hostile.pcap")) }]);
  await expect(page.getByRole("combobox", { name: "Case" })).toBeVisible();
  await clean(page);
});

test("parameters of the address", async ({ page, open }) => {
  await open([input("post4.pcapng")]);
  for (const text of strings) {
    const one = encodeURIComponent(text);
    for (const hash of [`#/${one}`, `#/records?filter=${one}`, `#/records?frame=${one}`, `#/conversations?view=all&q=${one}`, `#/requests?q=${one}`, `#/findings?case=${one}`]) {
      await page.goto(new URL(hash, page.url()).href);
      await page.waitForTimeout(60);
      await clean(page);
    }
  }
});

test("the page itself holds no inline script and no address of elsewhere", () => {
  const dist = (name: string) => readFileSync(join(root, "view", "web", "dist", name), "utf8");
  expect(dist("index.html")).not.toMatch(/<script(?![^>]*\ssrc=)/);
  expect(dist("index.html")).not.toMatch(/\son\w+=|style=/);
  const addresses = (dist("app.js") + dist("app.css")).match(/https?:\/\/[^\s"'`)]+/g) ?? [];
  expect(addresses.filter((one) => !one.startsWith("http://www.w3.org/"))).toEqual([]);
  expect(dist("app.js")).not.toMatch(/\beval\(|new Function\(/);
});
