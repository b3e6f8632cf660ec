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
  /** The files that have something for it; post2 when not given. */
  of?: keyof typeof files;
}

const known: readonly View[] = [
  { name: "findings", hash: "#/findings", ready: ".findings h1" },
  { name: "records", hash: "#/records?frame=0:196", ready: ".bytes .hex-line" },
  { name: "conversations", hash: "#/conversations?view=all", ready: ".grid .grow:not(.ghead)" },
  { name: "processes", hash: "#/conversations?view=process", ready: ".grid, .state", of: "post1" },
  { name: "requests", hash: "#/requests", ready: ".requests .grid" },
  { name: "timeline", hash: "#/timeline", ready: ".lanes, .state", of: "post1" },
  { name: "ladder", hash: "#/ladder", ready: ".rung-row .rung, .state", of: "points" },
  { name: "plots", hash: "#/plots", ready: ".panel-plot canvas, .state" },
  { name: "io", hash: "#/io?filter=tcp", ready: ".panel-plot canvas, .state" },
  { name: "points", hash: "#/points", ready: ".route, .state:not([role])", of: "points" },
  { name: "compare", hash: "#/compare", ready: ".waterfall, .state:not([role])", of: "runs" },
  { name: "follow", hash: "#/follow?conversation=0", ready: ".said-all", of: "post1" },
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
  /** Client's and server's view of one connection. */
  points: [input("client.pcap"), input("server.pcap")],
  /** A slow and a good run of the same work. */
  runs: [input("post2_A.pcapng"), input("post2_B.pcapng")],
  hostile: [input("hostile.pcap")],
};
