// Accessibility: axe finds nothing serious in any page, light or dark; and nothing is wider than a phone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, shot, test } from "./serve.ts";
import { files, shown, views } from "./pages.ts";
import type { Page } from "@playwright/test";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (what: Document) => Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe.run;
    const { violations } = await run(document);
    return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`).join(" | ").slice(0, 600)}`);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const view of views) {
    test(`axe finds nothing serious: ${view.name}, ${colorScheme}`, async ({ page, open }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await open(files[view.of ?? "post2"], view.hash);
      await shown(page, view);
      expect(await faultsOf(page)).toEqual([]);
      await shot(page, `${view.name}-${colorScheme}`);
    });
  }
}

test("axe finds nothing serious in the help and in a menu", async ({ page, open }) => {
  await open(files.post2, "#/records?frame=0:4");
  await page.locator(".bytes .hex-line").first().waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("m");
  await page.getByRole("menu").waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await shot(page, "menu");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  expect(await faultsOf(page)).toEqual([]);
});

for (const view of views) {
  test(`fits 400 pixels: ${view.name}`, async ({ page, open }) => {
    await page.setViewportSize({ width: 400, height: 800 });
    await open(files[view.of ?? "post2"], view.hash);
    await shown(page, view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    await shot(page, `${view.name}-400`);
  });
}
