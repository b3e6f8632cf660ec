// What the ladder draws: a row for each message, and rows for silences between them.
import { nanoseconds } from "../../format";
import { usualLimit } from "../../picture/gaps";
import type { Time } from "../../types";

export interface Host {
  address: string;
  name?: string;
  role?: string;
}

export interface Message {
  time?: Time;
  arrived?: Time;
  from: number;
  to: number;
  label: string;
  kind: "open" | "close" | "reset" | "ack" | "data" | "request" | "answer" | "failure" | "other";
  analysis?: string;
  conversation?: number;
  source: number;
  frame: number;
  length: number;
  lost_at?: number[];
}

export interface Answer {
  hosts: Host[];
  more_hosts?: number;
  clock?: string;
  messages: Message[];
  total: number;
}

export type Line =
  | { is: "message"; message: Message; i: number; time: number | undefined }
  /** A part of a silence; the label stands in the middle one. */
  | { is: "silence"; ns: number; label: boolean; longest: boolean };

export interface Rungs {
  lines: Line[];
  /** Line of each message. */
  lineOf: number[];
  timed: boolean;
  longest: { ns: number; after: number } | undefined;
}

// A silence ten times as long takes one row more, up to three.
const MOST_ROWS = 3;

/** limit: silences longer than it get rows of their own; undefined for what is usual. */
export function rungs(messages: readonly Message[], limit: number | undefined): Rungs {
  const times = messages.map((m) => nanoseconds(m.time));
  const base = times.find((t) => t !== undefined);
  const since = times.map((t) => (t === undefined || base === undefined ? undefined : Number(t - base)));
  const known = since.filter((t): t is number => t !== undefined);
  const used = limit ?? usualLimit(known);
  let longest: Rungs["longest"];
  for (let i = 1; i < since.length; i++) {
    const ns = gap(since, i);
    if (ns > (longest?.ns ?? 0)) longest = { ns, after: i - 1 };
  }
  const lines: Line[] = [];
  const lineOf: number[] = [];
  messages.forEach((message, i) => {
    const ns = gap(since, i);
    if (ns > used) {
      const rows = Math.min(1 + Math.floor(Math.log10(ns / used)), MOST_ROWS);
      for (let k = 0; k < rows; k++) lines.push({ is: "silence", ns, label: k === Math.floor((rows - 1) / 2), longest: longest?.after === i - 1 });
    }
    lineOf.push(lines.length);
    lines.push({ is: "message", message, i, time: since[i] });
  });
  return { lines, lineOf, timed: known.length > 0, longest };
}

function gap(since: readonly (number | undefined)[], i: number): number {
  const [a, b] = [since[i - 1], since[i]];
  return a === undefined || b === undefined ? 0 : b - a;
}

/** A route as the report has it: sources of the points in the order in which packets pass them. */
export interface Route {
  points: number[];
  back: number[];
}

/**
 * Where on its way a message was lost, as a share of the way: before the first point of lost_at, behind the one that still had it.
 * Points lie evenly between both hosts. Half of the way when the order of the points is not known.
 */
export function lostShare(message: Message, routes: readonly Route[]): number {
  const at = message.lost_at?.[0];
  for (const route of routes) {
    for (const order of [route.points, route.back]) {
      const before = order.indexOf(message.source);
      const after = at === undefined ? -1 : order.indexOf(at);
      if (after > 0 && before >= 0 && before < after) return (after + 0.5) / (order.length + 1);
    }
  }
  return 0.5;
}

/** How many of the messages are in trouble, and words for it. */
export function trouble(m: Message): string {
  if (m.lost_at?.length) return "lost";
  if (m.kind === "reset") return "reset";
  if (m.kind === "failure") return "failed";
  if (/retransmission/.test(m.analysis ?? "")) return "sent again";
  if (/zero_window|window_full/.test(m.analysis ?? "")) return "window closed or full";
  if (/lost_segment/.test(m.analysis ?? "")) return "after a gap";
  return "";
}
