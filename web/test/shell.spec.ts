import { readFileSync } from "node:fs";
import { expect, shot, test } from "./serve.ts";
import { input } from "./inputs.ts";
import { ids, pageOf, views } from "./pages.ts";

const post2 = [input("post2_A.pcapng")];

test("pages open by link, by key and by the back button", async ({ page, open }) => {
  await open(post2);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/finding|No fault/);
  await page.getByRole("navigation").getByRole("link", { name: "Records" }).click();
  await expect(page).toHaveURL(/#\/records/);
  await expect(page.getByRole("grid", { name: "Records" })).toBeVisible();
  await page.keyboard.press("3");
  await expect(page).toHaveURL(/#\/conversations/);
  await page.goBack();
  await expect(page).toHaveURL(/#\/records/);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/finding|No fault/);
});

test("help lists the keys of the page and closes with Esc", async ({ page, open }) => {
  await open(post2, "#/records");
  await expect(page.getByRole("grid", { name: "Records" })).toBeVisible();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog");
  await expect(help).toContainText("Ctrl+.");
  await expect(help).toContainText("next record of the conversation");
  await shot(page, "help");
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
});

test("the theme follows the system until it is chosen, and the choice stays", async ({ page, open }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(post2);
  const theme = () => page.evaluate(() => document.documentElement.dataset["theme"]);
  expect(await theme()).toBe("dark");
  await page.getByRole("button", { name: /System/ }).click();
  expect(await theme()).toBe("light");
  await page.reload();
  expect(await theme()).toBe("light");
});

test("files are sent, become a case, and the case can be closed", async ({ page, open }) => {
  await open([input("post4.pcapng")]);
  await page.locator('input[type="file"]').setInputFiles([{ name: "../../sent <b>.pcapng", mimeType: "application/octet-stream", buffer: readFileSync(post2[0]!) }]);
  const cases = page.getByRole("combobox", { name: "Case" });
  await expect(cases).toBeVisible();
  await expect(page).toHaveURL(/case=/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/finding|No fault/);
  await expect(cases.locator("option:checked")).toHaveText(/sent/);
  await page.getByRole("button", { name: "Close this case" }).click();
  await page.getByRole("button", { name: "Really close?" }).click();
  await expect(cases).toBeHidden();
  await expect(page).not.toHaveURL(/case=/);
});

test("sending files can be cancelled, and leaves no case", async ({ page, open }) => {
  await open(post2);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 50_000 });
  await page.locator('input[type="file"]').setInputFiles([{ name: "long.pcap", mimeType: "application/octet-stream", buffer: Buffer.alloc(8_000_000) }]);
  const sending = page.getByText("Sending long.pcap");
  await expect(sending).toBeVisible();
  await shot(page, "sending");
  await page.locator(".toast").getByRole("button", { name: "Cancel" }).click();
  await expect(sending).toBeHidden();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const cases = await page.evaluate(async () => ((await (await fetch("/api/v1/")).json()) as { cases: unknown[] }).cases.length);
  expect(cases).toBe(1);
  await expect(page.getByRole("combobox", { name: "Case" })).toBeHidden();
});

// The server's part, a first look at the beginning of a large file, is TestPreliminary of view/web.
test("the first findings are on the screen while files are read, and those of the whole follow", async ({ page, open }) => {
  const { url } = await open(post2);
  const told: Record<string, unknown> = { state: "reading", read: 250, bytes: 1000, preliminary: true, indexed: false, revision: 1 };
  const as = async (json: { cases: object[] }) => ({ ...json, cases: json.cases.map((one) => ({ ...one, ...told })) });
  const root = (await (await page.request.get(`${url}/api/v1/`)).json()) as { cases: object[] };
  let reports = 0;
  await page.route("**/api/v1/", async (route) => route.fulfill({ json: await as(root) }));
  await page.route("**/api/v1/cases/1/events", async (route) =>
    route.fulfill({ contentType: "text/event-stream", body: `retry: 100\nevent: case\ndata: ${JSON.stringify((await as(root)).cases[0])}\n\n` }),
  );
  await page.route("**/api/v1/cases/1/report", (route) => {
    reports++;
    return route.continue();
  });
  await page.goto("about:blank");
  await page.goto(url);
  await expect(page.getByText("Preliminary: the files are still being read")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("finding");
  await expect(page.locator(".card").first()).toBeVisible();
  await expect(page.locator("footer")).toContainText("reading 25 %");
  await shot(page, "preliminary");
  expect(reports).toBe(1);
  Object.assign(told, { state: "done", read: 1000, preliminary: false, indexed: true, revision: 2 });
  await expect(page.getByText("Preliminary: the files are still being read")).toBeHidden();
  await expect(page.locator("footer")).not.toContainText("reading");
  await expect.poll(() => reports).toBe(2);
});

test("files dropped on the page are sent", async ({ page, open }) => {
  await open(post2);
  const data = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "dropped.pcap"));
    return transfer;
  }, "no capture");
  await page.dispatchEvent("body", "dragenter", { dataTransfer: data });
  await expect(page.getByText("they are analysed together")).toBeVisible();
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
  await expect(page.getByText("they are analysed together")).toBeHidden();
  await expect(page.getByRole("combobox", { name: "Case" })).toBeVisible();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("Not shown");
  await shot(page, "not-a-capture");
  await page.getByRole("button", { name: "Close this case" }).click();
  await page.getByRole("button", { name: "Really close?" }).click();
  await expect(page.getByRole("combobox", { name: "Case" })).toBeHidden();
});

test("a link to a case that is closed and to a page that is not there say so", async ({ page, open }) => {
  await open(post2, "#/findings?case=77");
  await expect(page.getByText("The case of this link is closed")).toBeVisible();
  await page.getByRole("link", { name: "Look at the first one" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/finding|No fault/);
  await open(post2, "#/nowhere");
  await expect(page.getByText("There is no page “nowhere”")).toBeVisible();
});

test("every page that there is has a view that the tests look at", () => {
  expect(ids.length).toBeGreaterThan(4);
  expect(ids.filter((id) => !views.some((view) => pageOf(view) === id))).toEqual([]);
});
