// The pages with something to look at, for tests that look at all of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { input, root } from "./inputs.ts";

const registry = readFileSync(join(root, "web", "src", "pages", "registry.ts"), "utf8");

/** The ids of all pages that there are. */
export const ids = [...registry.matchAll(/\{ id: "(\w+)"/g)].map((match) => match[1]!);

export interface View {
  name: string;
  hash: string;
  /** What is there when the page has what it shows. */
  ready: string;
}

const known: readonly View[] = [
  { name: "findings", hash: "#/findings", ready: ".findings h1" },
  { name: "records", hash: "#/records?frame=0:196", ready: ".bytes .hex-line" },
  { name: "conversations", hash: "#/conversations?view=all", ready: ".grid .grow:not(.ghead)" },
  { name: "processes", hash: "#/conversations?view=process", ready: ".grid, .state" },
  { name: "requests", hash: "#/requests", ready: ".requests .grid" },
  { name: "follow", hash: "#/follow?conversation=0", ready: ".said-all" },
  { name: "timeline", hash: "#/timeline?conversation=0", ready: ".timeline" },
  { name: "ladder", hash: "#/ladder?conversation=0", ready: ".ladder" },
  { name: "plots", hash: "#/plots?conversation=0", ready: ".plots" },
  { name: "io", hash: "#/io", ready: ".io" },
  { name: "points", hash: "#/points", ready: ".points" },
  { name: "compare", hash: "#/compare", ready: ".compare" },
];

export const pageOf = (view: View) => /^#\/(\w+)/.exec(view.hash)![1]!;
export const views = known.filter((view) => ids.includes(pageOf(view)));

/** Waits until a view has what it shows. */
export async function shown(page: Page, view: View) {
  await page.locator(`${view.ready}, main .state:not([role=status])`).first().waitFor();
  await expect(page.locator("main .spinner")).toHaveCount(0);
}

export const files = {
  post1: [input("post1.etl")],
  post2: [input("post2_A.pcapng")],
  post4: [input("post4.pcapng")],
  hostile: [input("hostile.pcap")],
};
