import { expect, shot, test } from "./serve.ts";
import { capture, input } from "./inputs.ts";

test("findings are ranked, with cost, proof, what was ruled out and what to do", async ({ page, open }) => {
  await open([input("post2_A.pcapng")]);
  const card = page.locator(".card").first();
  await expect(card).toContainText("warning");
  await expect(card).toContainText("asked for nothing during");
  await expect(card).toContainText(/cost [\d.]+ m?s/);
  await expect(card).toContainText("ruled out");
  await expect(card).toContainText("do");
  await shot(page, "findings");
  await page.getByRole("heading", { name: "What was read" }).scrollIntoViewIfNeeded();
  await expect(page.getByRole("img", { name: /client \d+ %/ })).toBeVisible();
  await shot(page, "findings-time");
  await card.getByRole("link", { name: /^record / }).first().click();
  await expect(page).toHaveURL(/#\/records\?frame=0%3A/);
  await expect(page.locator('[aria-selected="true"][role="row"]')).toBeVisible();
  await page.goBack();
  await expect(card).toBeVisible();
});

test("the filter of a finding is copied, and opens its records", async ({ page, open, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open([input("post2_A.pcapng")]);
  const card = page.locator(".card").first();
  await card.getByRole("button", { name: "Copy the filter" }).first().click();
  await expect(card.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("tcp.stream == 0");
  await card.getByRole("link", { name: "show these records" }).click();
  await expect(page.getByRole("combobox", { name: "Display filter" })).toHaveValue("tcp.stream == 0");
});

test("a diagnosis explains itself", async ({ page, open }) => {
  await open([input("post2_A.pcapng")]);
  await page.getByRole("button", { name: "smb.shallow_pipeline" }).first().click();
  await expect(page.getByRole("dialog")).toContainText("smb.shallow_pipeline:");
  await shot(page, "rule");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("cards fold and unfold by key", async ({ page, open }) => {
  await open([input("post1.etl")]);
  const fold = page.getByRole("button", { name: "Less" }).first();
  await fold.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: /Proof, what was ruled out/ }).first()).toHaveAttribute("aria-expanded", "false");
});

test("what was not judged is told with its reason", async ({ page, open }) => {
  const files = capture("bad/ws_http-ooo-fuzzed.pcapng");
  test.skip(!files, "../shared/captures is not here");
  await open(files!);
  await expect(page.getByRole("heading", { name: "What was read" })).toBeVisible();
});
