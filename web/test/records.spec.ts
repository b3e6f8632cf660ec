import { expect, shot, test } from "./serve.ts";
import { input } from "./inputs.ts";
import type { Page } from "@playwright/test";

const post2 = [input("post2_A.pcapng")];
const post1 = [input("post1.etl")];

const grid = (page: Page) => page.getByRole("grid", { name: "Records" });
const chosen = (page: Page) => grid(page).locator('[role="row"][aria-selected="true"]');
const field = (page: Page) => page.getByRole("combobox", { name: "Display filter" });

test("a link opens the record that it names, in the middle of the list, with details and bytes", async ({ page, open }) => {
  await open(post2, "#/records?frame=0:16596");
  await expect(chosen(page)).toContainText("16596");
  await expect(page.getByRole("treeitem", { name: /Frame|Ethernet/ }).first()).toBeVisible();
  await expect(page.getByRole("region", { name: /Bytes/ })).toContainText("0010");
  await shot(page, "records");
});

test("keys move in the list, and the fragment follows", async ({ page, open }) => {
  await open(post2, "#/records?frame=0:10");
  await expect(chosen(page)).toContainText("10");
  await grid(page).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/frame=0%3A12/);
  await page.keyboard.press("End");
  await expect(chosen(page)).toContainText("17359");
  await page.keyboard.press("g");
  await expect(page).toHaveURL(/frame=0%3A1$/);
  await page.keyboard.press("PageDown");
  await expect(page).not.toHaveURL(/frame=0%3A1$/);
});

test("fields mark their bytes, and bytes choose their field", async ({ page, open }) => {
  await open(post2, "#/records?frame=0:16596");
  const tree = page.getByRole("tree", { name: "Details" });
  await tree.getByRole("treeitem").filter({ hasText: "Internet Protocol" }).first().click();
  await page.keyboard.press("ArrowRight");
  await tree.getByRole("treeitem").filter({ hasText: /Source/ }).filter({ hasText: "192.168.2.77" }).first().click();
  await expect(page.locator(".bytes .hex .on")).toHaveText(["c0", "a8", "02", "4d"]);
  await page.locator(".bytes .hex span").nth(31).click();
  await expect(tree.locator('[aria-selected="true"]')).toContainText("Destination Address: 192.168.1.7");
});

test("a field becomes the filter by its menu, with the mouse and with keys", async ({ page, open }) => {
  await open(post2, "#/records?frame=0:16465");
  const tree = page.getByRole("tree", { name: "Details" });
  await tree.getByRole("treeitem").filter({ hasText: "Transmission Control" }).first().click();
  await page.keyboard.press("ArrowRight");
  await tree.getByRole("treeitem").filter({ hasText: /Source Port/ }).first().click({ button: "right" });
  await page.getByRole("menuitem", { name: "Apply as filter", exact: true }).click();
  await expect(field(page)).toHaveValue("tcp.srcport == 50001");
  await expect(page.locator(".status")).toContainText(/231 of 17.359 shown/);
  await expect(chosen(page)).toContainText("16465");
  await grid(page).focus();
  await page.keyboard.press("m");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toBeHidden();
  await expect(grid(page)).toBeFocused();
  await page.goBack();
  await expect(page.locator(".status")).toContainText(/17.359 shown/);
});

test("the filter bar completes, checks while typing, applies and remembers", async ({ page, open }) => {
  await open(post2, "#/records");
  await expect(grid(page)).toBeVisible();
  await page.keyboard.press("/");
  await expect(field(page)).toBeFocused();
  await page.keyboard.type("smb2.cm");
  await page.getByRole("option", { name: /^smb2\.cmd / }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await expect(field(page)).toHaveValue(/^smb2\.cmd/);
  await field(page).fill("smb2.cmd == 8");
  await expect(page.locator(".filter-bar")).toHaveClass(/good/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/filter=smb2.cmd/);
  await expect(page.locator(".status")).toContainText(/ of 17.359 shown/);
  await field(page).fill("smb2.cmdd == 8");
  await expect(page.locator(".filter-bar")).toHaveClass(/bad/);
  await expect(page.locator(".filter-said")).toContainText(/✕ .*column/);
  await shot(page, "filter-bad");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page.locator(".status")).toContainText(/17.359 shown/);
  await page.getByRole("button", { name: "Filters used before" }).click();
  await expect(page.getByRole("option", { name: "smb2.cmd == 8" })).toBeVisible();
});

test("a filter that nothing passes says so", async ({ page, open }) => {
  await open(post2, "#/records?filter=udp");
  await expect(page.getByText("No record passes this filter.")).toBeVisible();
});

test("go to a record, find, and step through a conversation", async ({ page, open }) => {
  await open(post1, "#/records?frame=0:199");
  await expect(chosen(page)).toContainText("199");
  await page.keyboard.press("Control+g");
  await page.getByLabel("Number of the record").fill("213");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/frame=0%3A213/);
  await expect(chosen(page)).toContainText("213");
  await page.keyboard.press("Control+.");
  await expect(page).not.toHaveURL(/frame=0%3A213/);
  await page.keyboard.press("Control+,");
  await expect(page).toHaveURL(/frame=0%3A213/);
  await page.keyboard.press("Control+f");
  await page.getByLabel("Text, or a display filter").fill("Test message1");
  await page.getByRole("button", { name: "Previous" }).click();
  await expect(page.locator(".status")).toContainText("not found above");
  await page.getByLabel("Text, or a display filter").fill("etw.provider == \"AFD\"");
  await page.getByRole("button", { name: "Next" }).click();
  await expect(chosen(page)).toContainText("AFD");
  await shot(page, "records-etl");
});

test("ten million rows: ends, middle and wheel are where they should be", async ({ page, open }) => {
  const total = 10_000_000;
  await page.route(/\/api\/v1\/cases\/1\/rows\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const offset = Number(query.get("offset") ?? 0);
    const rows = Array.from({ length: Math.min(Number(query.get("limit")), total - offset) }, (_, i) => ({ index: offset + i, source: 0, frame: offset + i + 1, time: null, protocol: "X", length: 1, info: `row ${offset + i}`, kind: "packet" }));
    return route.fulfill({ json: { total, complete: true, rows } });
  });
  await open(post2, "#/records");
  await expect(grid(page)).toContainText("row 3");
  await grid(page).focus();
  await page.keyboard.press("G");
  await expect(chosen(page)).toContainText(`row ${total - 1}`);
  const last = await chosen(page).boundingBox();
  const box = await grid(page).boundingBox();
  expect(last!.y + last!.height).toBeLessThanOrEqual(box!.y + box!.height + 1);
  // In the middle a turn of the wheel moves by pixels, not by thousands of rows.
  await grid(page).evaluate((e) => (e.scrollTop = (e.scrollHeight - e.clientHeight) / 2));
  const firstRow = () => grid(page).evaluate((e) => Math.min(...[...e.querySelectorAll(".vrow .grow")].map((r) => Number(r.getAttribute("aria-rowindex")))));
  await expect.poll(firstRow).toBeGreaterThan(total * 0.49);
  expect(await firstRow()).toBeLessThan(total * 0.51);
  await page.waitForTimeout(250);
  const before = await firstRow();
  await page.mouse.move(box!.x + 200, box!.y + 100);
  await page.mouse.wheel(0, 220);
  await expect.poll(firstRow).toBe(before + 10);
  await grid(page).evaluate((e) => (e.scrollTop = 0));
  await expect(grid(page)).toContainText("row 0");
});
