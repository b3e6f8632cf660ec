// The pages with something to look at, for tests that look at all of them.
import { input } from "./inputs.ts";

export interface View {
  name: string;
  hash: string;
  /** What is there when the page has what it shows. */
  ready: string;
}

export const views: readonly View[] = [
  { name: "findings", hash: "#/findings", ready: ".findings h1" },
  { name: "records", hash: "#/records?frame=0:196", ready: ".bytes .hex-line" },
  { name: "conversations", hash: "#/conversations?view=all", ready: ".grid .grow:not(.ghead)" },
  { name: "processes", hash: "#/conversations?view=process", ready: ".grid, .state" },
  { name: "requests", hash: "#/requests", ready: ".requests .grid" },
  { name: "follow", hash: "#/follow?conversation=0", ready: ".said-all" },
];

export const files = {
  post1: [input("post1.etl")],
  post2: [input("post2_A.pcapng")],
  post4: [input("post4.pcapng")],
  hostile: [input("hostile.pcap")],
};
