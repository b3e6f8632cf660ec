// A report of one file, put together as the contract says: opened from disk, with the network cut.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, shot, test } from "./serve.ts";
import { input, inputs, root } from "./inputs.ts";

const dist = (name: string) => readFileSync(join(root, "view", "web", "dist", name), "utf8");
const paths = ["", "cases/1", "cases/1/report", "cases/1/conversations", "cases/1/processes", "cases/1/requests", "cases/1/rows", "cases/1/rows/195", "cases/1/rows/212", "cases/1/story?conversation=0", "cases/1/follow?conversation=0"];

test("findings, records, conversations and what was said, without a server", async ({ page, open, context }) => {
  const { url, token } = await open([input("post1.etl")]);
  const data: Record<string, unknown> = {};
  for (const path of paths) {
    const answer = await fetch(`${url}/api/v1/${path}${path.endsWith("rows") ? "?limit=1000" : ""}`, { headers: { Authorization: `Bearer ${token}` } });
    expect(answer.status, path).toBe(200);
    data["GET /api/v1/" + path] = "@" + (await answer.text());
  }
  // The texts go in as they came, so that no digit of a time is lost.
  const json = "{" + Object.entries(data).map(([key, text]) => `${JSON.stringify(key)}:${(text as string).slice(1).replaceAll("<", "\\u003c")}`).join(",") + "}";
  const html = dist("index.html")
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${dist("app.css")}</style>`)
    .replace(/<script[^>]*><\/script>/, () => `<script type="application/json" id="wiretale-data">${json}</script><script type="module">${dist("app.js").replaceAll("</script", "<\\/script")}</script>`);
  const file = join(inputs, "report.html");
  writeFileSync(file, html);
  await context.setOffline(true);
  const report = pathToFileURL(file).href;
  await page.goto(report);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("No fault found");
  await expect(page.getByRole("button", { name: "Open files" })).toHaveCount(0);
  await page.locator(".card").first().getByRole("link", { name: "record 227" }).click();
  await expect(page.locator('[role="row"][aria-selected="true"]')).toContainText("227");
  await page.goto(report + "#/records?frame=0:213");
  await expect(page.locator(".details .node").first()).toContainText("213");
  await expect(page.locator(".bytes")).toContainText("Test messa");
  await page.goto(report + "#/records?filter=conv.id%20%3D%3D%200");
  await expect(page.locator(".status")).toContainText(/\d+ of 254 shown/);
  await page.goto(report + "#/conversations?view=all&q=55908");
  await expect(page.getByRole("grid", { name: "Conversations" })).toContainText("192.168.1.200:55908");
  await page.goto(report + "#/follow?conversation=0");
  await expect(page.locator(".said.from-a pre")).toHaveText("Test message1");
  await shot(page, "report-follow");
  await page.goto(report + "#/follow?conversation=7");
  await expect(page.getByRole("alert")).toContainText("this report does not hold it");
});
