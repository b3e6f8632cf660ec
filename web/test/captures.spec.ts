// The captures of the posts, rebuilt from their listings, and traces of real Windows machines: every page shows them.
import { expect, shot, test } from "./serve.ts";
import { capture, input } from "./inputs.ts";
import { shown, views } from "./pages.ts";

const sets: [string, string[] | undefined, RegExp][] = [
  ["post 1", [input("post1.etl")], /who closed|closed connection/],
  ["post 2, the slow run", capture("rebuilt/post2_A_sccm.pcapng"), /asked for nothing/],
  ["post 2, the fast run", capture("rebuilt/post2_B_xcopy.pcapng"), /./],
  ["post 3, both ends", capture("rebuilt/post3_client.pcapng", "rebuilt/post3_server.pcapng"), /192\.168\.29\.4/],
  ["post 4", capture("rebuilt/post4_lso.pcapng"), /offload|segment/i],
  ["Windows, HTTP server", capture("etl/tx-http-server-7601.etl"), /./],
  ["Windows, ping", capture("etl/small-system-misc-ping.etl"), /./],
];

for (const [name, files, says] of sets) {
  test(`every page shows ${name}`, async ({ page, open }) => {
    test.skip(!files, "../shared/captures is not here");
    test.setTimeout(90_000);
    await open(files!);
    await expect(page.locator(".findings")).toContainText(says);
    await shot(page, `capture-${name.replace(/\W+/g, "-")}`);
    for (const view of views) {
      await page.goto(new URL(view.hash, page.url()).href);
      await shown(page, view);
      // Not every trace has times, a conversation of TCP or UDP, several points, or two runs; then the page says so.
      if (/findings|records|conversations|processes|requests/.test(view.name)) await expect(page.locator("main [role=alert]")).toHaveCount(0);
    }
    await page.goto(new URL("#/records", page.url()).href);
    const grid = page.getByRole("grid", { name: "Records" });
    await grid.focus();
    await page.keyboard.press("End");
    await expect(grid.locator('[aria-selected="true"]')).not.toContainText("…", { timeout: 10_000 });
    await expect(page.locator(".details .node").first()).toBeVisible();
  });
}
