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
