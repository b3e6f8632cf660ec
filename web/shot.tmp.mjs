import { chromium } from "playwright-core";
const [base, out, ...hashes] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [theme, w, h] of (process.env.V ?? "light,1280,800").split(" ").map(v => v.split(","))) {
  const ctx = await browser.newContext({ viewport: { width: +w, height: +h }, colorScheme: theme });
  const page = await ctx.newPage();
  page.on("console", m => m.type() === "error" && console.log("console", m.text()));
  page.on("pageerror", e => console.log("error", e.message, e.stack?.split("\n")[1]));
  for (const [i, hash] of hashes.entries()) {
    await page.goto(`${base}/#/${hash}`);
    await page.reload();
    await page.waitForTimeout(+(process.env.WAIT ?? 2500));
    if (process.env.DO) await eval(`(async()=>{${process.env.DO}})()`);
    await page.screenshot({ path: `${out}-${i}-${theme}-${w}.png` });
  }
  await ctx.close();
}
await browser.close();
