import { expect, shot, test } from "./serve.ts";
import { input } from "./inputs.ts";

const post1 = [input("post1.etl")];
const post2 = [input("post2_A.pcapng")];
const http = [input("hostile.pcap")];

test("processes hold their conversations, and what happened in one is told", async ({ page, open }) => {
  await open(post1, "#/conversations");
  const tree = page.getByRole("treegrid", { name: "Processes and their conversations" });
  await expect(tree).toContainText("tcpserver.exe (2704)");
  await tree.getByRole("row").filter({ hasText: "192.168.1.200:55908" }).click();
  await expect(page.getByRole("region", { name: "Conversation 0" })).toContainText("What happened");
  await expect(page.locator(".story li").first()).toBeVisible();
  await shot(page, "conversations");
  await tree.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowLeft");
  await expect(tree).not.toContainText("192.168.1.200:55908");
  await page.keyboard.press("ArrowRight");
  await expect(tree).toContainText("192.168.1.200:55908");
});

test("conversations are sorted and searched, and open their records", async ({ page, open }) => {
  await open(http, "#/conversations?view=all");
  const grid = page.getByRole("grid", { name: "Conversations" });
  await expect(grid).toContainText("10.0.0.2:80");
  await page.getByRole("button", { name: "duration" }).click();
  await expect(page).toHaveURL(/sort=duration/);
  await page.getByRole("button", { name: "duration" }).click();
  await expect(page).toHaveURL(/desc=1/);
  await expect(page.getByRole("columnheader", { name: "duration" })).toHaveAttribute("aria-sort", "descending");
  await page.getByRole("searchbox").fill("50003");
  await expect(grid).toHaveAttribute("aria-rowcount", "2");
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/records\?filter=conv\.id/);
  await expect(page.locator(".status")).toContainText(/\d+ of .* shown/);
  await page.goBack();
  await expect(page.getByRole("searchbox")).toHaveValue("50003");
});

test("requests are sorted by their service time and lead to their records", async ({ page, open }) => {
  await open(http, "#/requests");
  const grid = page.getByRole("grid", { name: "Requests" });
  await expect(grid).toContainText("GET");
  await page.getByRole("button", { name: "service" }).click();
  await page.getByRole("button", { name: "service" }).click();
  await expect(grid.getByRole("row").nth(1)).toContainText(/70\d ms/);
  await expect(grid).toContainText("✕");
  await grid.getByRole("row").nth(1).click();
  await expect(page.getByRole("region", { name: "The chosen request" })).toContainText("answered in");
  await shot(page, "requests");
  await grid.getByRole("link", { name: /^record / }).first().click();
  await expect(page).toHaveURL(/#\/records\?frame=/);
});

test("what was said is shown as text, hex and HTTP, each direction marked by a sign", async ({ page, open }) => {
  await open(post1, "#/follow?conversation=0");
  await expect(page.locator(".said.from-a pre")).toHaveText("Test message1");
  await expect(page.locator(".said.from-a")).toContainText("→");
  await expect(page.locator(".said.from-b pre")).toHaveText("TEST MESSAGE1");
  await expect(page.locator(".said.from-b")).toContainText("←");
  await page.getByRole("tab", { name: "Hex" }).click();
  await expect(page.locator(".said.from-a pre")).toContainText("00000000  54 65 73 74");
  await page.getByRole("combobox", { name: "Direction" }).selectOption("b");
  await expect(page.locator(".said.from-a")).toBeHidden();
  await page.reload();
  await expect(page.locator(".said.from-b pre")).toContainText("54 45 53 54");
  await open(http, "#/follow?conversation=13&form=http");
  await expect(page.getByRole("tab", { name: "HTTP" })).toHaveAttribute("aria-selected", "true");
  await expect(page.locator(".said").first()).toContainText("HTTP/1.1");
  await shot(page, "follow");
});

test("a long transfer is followed a part at a time", async ({ page, open }) => {
  await open(post2, "#/follow?conversation=0&form=hex");
  await expect(page.locator(".said").first()).toBeVisible();
  const more = page.getByRole("button", { name: /Show more/ });
  if (await more.isVisible()) {
    const before = await page.locator(".said").count();
    await more.click();
    await expect.poll(() => page.locator(".said").count()).toBeGreaterThan(before);
  }
});
