// Pictures of the real server: drawn, in step with the list beside, moved by mouse and keys, with links that lead back to the same view.
import type { Page } from "@playwright/test";
import { capture } from "./inputs.ts";
import { files } from "./pages.ts";
import { expect, shot, test } from "./serve.ts";

/** Colours on a canvas, by how many pixels have each: an empty one has one. */
async function colorsOf(page: Page, selector: string): Promise<number> {
  return page.locator(selector).first().evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const data = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height).data;
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4 * 7) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
    return seen.size;
  });
}

const drawn = (page: Page, selector: string) => expect.poll(() => colorsOf(page, selector)).toBeGreaterThan(4);

test.describe("timeline", () => {
  test("of the first post: calls, stack and packets in lanes, and what is selected is so in picture, list and link", async ({ page, open }) => {
    await open(files.post1, "#/timeline");
    await drawn(page, ".lanes canvas");
    const list = page.getByRole("grid", { name: "Records of the timeline" });
    await expect(list).toContainText("application");
    await expect(page.getByRole("img", { name: /70 records in 3 lanes/ })).toBeVisible();
    await page.keyboard.press("]");
    await page.keyboard.press("]");
    await expect(page).toHaveURL(/frame=0%3A51/);
    await expect(list.locator(".selected")).toContainText("created");
    // The client's data: the packet that the call of recv waited for.
    const link = page.url().replace(/frame=0%3A51/, "frame=0%3A213");
    await page.goto(link);
    await expect(list.locator(".selected")).toContainText("Len=13");
    await page.keyboard.press("a");
    await expect(page).toHaveURL(/frame=0%3A218/);
    await expect(list.locator(".selected")).toContainText("recv: 1");
    await shot(page, "timeline-post1");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/#\/records\?frame=0%3A218/);
    await page.goBack();
    await expect(page).toHaveURL(/#\/timeline.*frame=0%3A218/);
  });
  test("wheel, keys and dragging move what is seen, and the link has it", async ({ page, open }) => {
    await open(files.post1, "#/timeline");
    await drawn(page, ".lanes canvas");
    const box = (await page.locator(".lanes").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, -400);
    await expect(page).toHaveURL(/from=\d+&to=\d+/);
    const range = () => [...new URLSearchParams(page.url().split("?")[1])].filter(([name]) => name === "from" || name === "to").map(([, value]) => Number(value));
    const [from, to] = range();
    expect(to! - from!).toBeLessThan(60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 - 200, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => range()[0]).toBeGreaterThan(from!);
    await page.reload();
    await drawn(page, ".lanes canvas");
    expect(range()[0]).toBeGreaterThan(from!);
    await page.keyboard.press("0");
    await expect(page).not.toHaveURL(/from=/);
    // A click on a mark selects it.
    await page.mouse.click(box.x + 52 * (box.width / 1280), box.y + 190);
    await page.keyboard.press("+");
    await expect(page).toHaveURL(/from=/);
  });
  test("a silence is named, and leads to its place", async ({ page, open }) => {
    await open(files.points, "#/timeline");
    await drawn(page, ".lanes canvas");
    const silence = page.getByRole("button", { name: /after record/ });
    await expect(silence).toContainText("s after record");
    await silence.click();
    await expect(page).toHaveURL(/frame=/);
    await shot(page, "timeline-points");
  });
  test("of a process", async ({ page, open }) => {
    await open(files.post1, "#/timeline?process=2704");
    await drawn(page, ".lanes canvas");
    await expect(page.locator(".said-beside strong").first()).toContainText("tcpserver.exe");
  });
});

test.describe("ladder", () => {
  test("arrows of both ways, silences, keys, and Enter opens the record", async ({ page, open }) => {
    await open(files.points, "#/ladder");
    const list = page.getByRole("listbox");
    await expect(list.getByRole("option", { name: /10\.1\.0\.1 to 10\.1\.0\.2: SYN/ }).first()).toBeVisible();
    await expect(page.locator(".rung-host").first()).toContainText("client");
    await list.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await expect(page).toHaveURL(/frame=/);
    await page.keyboard.press("s");
    await expect(list.getByText(/of silence/).first()).toBeVisible();
    await shot(page, "ladder-points");
    await list.focus();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/#\/records\?frame=/);
    await page.goBack();
    await expect(page.getByRole("listbox").getByRole("option", { selected: true })).toBeVisible();
  });
  test("of a filter", async ({ page, open }) => {
    await open(files.points, "#/ladder?filter=tcp.flags.fin%20%3D%3D%201");
    await expect(page.locator(".said-beside").first()).toContainText("messages between 2 hosts");
    await expect(page.getByRole("listbox").getByRole("option").first()).toContainText("FIN");
  });
});

test.describe("plots", () => {
  for (const kind of ["tcptrace", "stevens", "throughput", "rtt", "window", "service", "depth"]) {
    test(`${kind} is drawn`, async ({ page, open }) => {
      await open(kind === "service" || kind === "depth" ? files.post2 : files.points, `#/plots?kind=${kind}`);
      await drawn(page, ".panel-plot canvas");
      await expect(page.locator(".plot-switch").first()).toBeVisible();
      await shot(page, `plot-${kind}`);
    });
  }
  test("dragging looks closer, the link has it, and All goes back", async ({ page, open }) => {
    await open(files.points, "#/plots?kind=tcptrace");
    await drawn(page, ".panel-plot canvas");
    const box = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.6, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 80, { steps: 6 });
    await page.mouse.up();
    await expect(page).toHaveURL(/from=0?\.\d+&to=/);
    await page.reload();
    await drawn(page, ".panel-plot canvas");
    await expect(page).toHaveURL(/from=/);
    await page.getByRole("button", { name: "All" }).click();
    await expect(page).not.toHaveURL(/from=/);
  });
  test("keys step through points, and Enter opens the record", async ({ page, open }) => {
    await open(files.points, "#/plots?kind=tcptrace");
    await drawn(page, ".panel-plot canvas");
    await page.keyboard.press("]");
    await page.keyboard.press("]");
    await expect(page.locator(".plot-said")).toContainText(/record/);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/#\/records\?frame=/);
  });
  test("the other direction, series switched off, and numbers", async ({ page, open }) => {
    await open(files.points, "#/plots?kind=tcptrace&conversation=0");
    await drawn(page, ".panel-plot canvas");
    await expect(page.locator(".said-beside").first()).toContainText("data from 10.1.0.1:40000");
    await page.keyboard.press("d");
    await expect(page.locator(".said-beside").first()).toContainText("data from 10.1.0.2:7000");
    await page.keyboard.press("d");
    await expect(page.locator(".said-beside").first()).toContainText("data from 10.1.0.1:40000");
    await page.locator(".plot-switch", { hasText: "segment" }).click();
    await expect(page.locator(".plot-switch", { hasText: "segment" })).toHaveAttribute("aria-pressed", "false");
    await page.getByRole("button", { name: "Numbers" }).click();
    await expect(page.getByRole("table").first()).toContainText("retransmission");
  });
});

test("IO graph: lines of filters, unit and average are in the link", async ({ page, open }) => {
  await open(files.points, "#/io?filter=tcp.len%20%3E%200&filter=tcp.flags.syn%20%3D%3D%201");
  await drawn(page, ".panel-plot canvas");
  await expect(page.locator(".plot-switch")).toHaveCount(2);
  await page.getByRole("combobox", { name: "Unit" }).selectOption("bytes");
  await expect(page).toHaveURL(/unit=bytes/);
  await page.getByRole("combobox", { name: /Average/ }).selectOption("3");
  await expect(page).toHaveURL(/average=3/);
  await page.getByRole("button", { name: "Remove the line of tcp.len > 0" }).click();
  await expect(page.locator(".plot-switch")).toHaveCount(1);
});

test.describe("points", () => {
  test("what was lost between two points is a cross with a number", async ({ page, open }) => {
    await open(files.points, "#/points");
    await expect(page.locator(".hop.lossy")).toContainText(/1 of \d+ lost/);
    await expect(page.locator(".point").first()).toContainText("client");
    await expect(page.getByRole("table").first()).toContainText("reference");
    await shot(page, "points");
  });
  test("one file says what is needed", async ({ page, open }) => {
    await open(files.post4, "#/points");
    await expect(page.locator(".points")).toContainText("several points");
  });
  test("a lossy path of four points", async ({ page, open }) => {
    const four = capture("lab/points/loss2pct.client.pcap", "lab/points/loss2pct.rtr_in.pcap", "lab/points/loss2pct.rtr_out.pcap", "lab/points/loss2pct.server.pcap");
    test.skip(!four, "../shared/captures is not here");
    await open(four!, "#/points");
    await expect(page.locator(".hop.lossy")).toHaveCount(1);
    await expect(page.locator(".hop.lossy")).toContainText("45 of");
    await shot(page, "points-four");
    await page.goto(new URL("#/timeline", page.url()).href);
    await drawn(page, ".lanes canvas");
    await shot(page, "timeline-four");
    await page.goto(new URL("#/ladder", page.url()).href);
    await expect(page.getByRole("listbox").getByRole("option").first()).toBeVisible();
    await shot(page, "ladder-four");
  });
});

test.describe("compare", () => {
  test("the second post: factors whose product is the ratio, the main one marked", async ({ page, open }) => {
    await open(files.runs, "#/compare");
    const table = page.locator(".waterfall");
    await expect(table.locator("tr.main")).toHaveCount(1);
    const product = await table.locator("tbody tr:not(.total) td:nth-child(4)").evaluateAll((cells) => cells.reduce((p, c) => p * Number(c.textContent!.replace("×", "")), 1));
    const ratio = Number((await table.locator("tr.total td:nth-child(4)").textContent())!.replace("×", ""));
    expect(Math.abs(product / ratio - 1)).toBeLessThan(0.01);
    await expect(page.locator(".run")).toHaveCount(2);
    await shot(page, "compare-post2");
    await page.getByRole("button", { name: "Swap" }).click();
    await expect(page).toHaveURL(/slow=1&good=0/);
  });
  test("one file says what is needed", async ({ page, open }) => {
    await open(files.post4, "#/compare");
    await expect(page.locator(".compare")).toContainText("one slow and one good");
  });
});

test("a hundred thousand points stay fluid", async ({ page, open }) => {
  await open(files.points);
  await page.route("**/api/v1/cases/1/plot?*", async (route) => {
    const n = 100_000;
    const x = Array.from({ length: n }, (_, i) => i / 1000);
    const series = { name: "segment", shape: "points", mark: "dot", color: "#0072b2", x, y: x.map((v) => v * 1000 + (v * 7919) % 997), frame: x.map((_, i) => i + 1) };
    const line = { ...series, name: "acknowledged", shape: "steps", mark: undefined };
    await route.fulfill({ json: { title: "many", base: "0", time: "1970-01-01T00:00:00Z", x: { label: "time", unit: "s" }, panels: [{ y: { label: "bytes", unit: "bytes" }, series: [line, series] }] } });
  });
  await page.goto(new URL("#/plots", page.url()).href);
  await drawn(page, ".panel-plot canvas");
  const took = await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const from = performance.now();
      dispatchEvent(new KeyboardEvent("keydown", { key: i % 2 ? "-" : "+" }));
      await frame();
      await frame();
      times.push(performance.now() - from);
    }
    return times.sort((a, b) => a - b)[10]!;
  });
  // Reported, not asserted: the machine of the tests says little of another one.
  test.info().annotations.push({ type: "median of a zoom step, ms", description: took.toFixed(1) });
  console.log(`100,000 points twice: a zoom step takes ${took.toFixed(1)} ms`);
  await expect(page).toHaveURL(/#\/plots/);
});
