// What the timeline draws, made of the rows of an answer: marks, the bars of calls, and what each is in short.
import { nanoseconds } from "../../format";
import type { Sign } from "../../picture/signs";
import type { Time } from "../../types";

export interface Lane {
  id: string;
  title: string;
  kind: "application" | "stack" | "packets";
  source: number;
}

export interface Row {
  source: number;
  frame: number;
  record: string;
  time?: Time;
  one_time?: Time;
  one_error_ns?: number;
  lane_id: string;
  lane: string;
  src?: string;
  dst?: string;
  protocol: string;
  length: number;
  info: string;
  payload?: number;
  lost_at?: number[];
  process?: { pid: number; name?: string };
  tcp?: { src_port: number; dst_port: number; flags: string; retransmission: boolean; analysis?: string; duplicate: boolean };
  sighting?: { place: string; dropped?: { reason?: string } };
  event?: { name?: string; provider: string; fields?: Record<string, string> };
}

export interface Arrow {
  from: number;
  to: number;
  why: "sighting" | "call";
}

export interface Answer {
  title: string;
  clock?: string;
  lanes: Lane[];
  rows: Row[];
  total: number;
  complete: boolean;
  arrows: Arrow[];
}

/** What is remarkable of a record; "" of most. */
export type Remark = "" | "dropped" | "lost" | "reset" | "resent" | "gap" | "window" | "again" | "disorder" | "error" | "open" | "close";

export interface Entry {
  row: Row;
  /** Nanoseconds since the first row, or the place in the order when there are no times. */
  time: number;
  lane: number;
  remark: Remark;
  sign: Sign;
  short: string;
  /** 0: of the first sender; 1: of the other; -1: not of a packet. */
  direction: number;
  /** Index of the call's bar, -1 for none. */
  call: number;
}

/** A call from its beginning to its end; `to` is -1 when it never returned. */
export interface Call {
  from: number;
  to: number;
  name: string;
  lane: number;
}

export interface Model {
  lanes: readonly Lane[];
  entries: readonly Entry[];
  calls: readonly Call[];
  arrows: readonly Arrow[];
  timed: boolean;
  /** Nanoseconds since 1970 of time 0. */
  base: bigint | undefined;
  /** Who sends from left to right. */
  first: string;
  second: string;
}

export function model(answer: Answer): Model {
  const lanes = new Map(answer.lanes.map((lane, i) => [lane.id, i]));
  const times = answer.rows.map((row) => nanoseconds(row.one_time ?? row.time));
  const timed = times.some((t) => t !== undefined);
  const base = times.find((t) => t !== undefined);
  let before = 0;
  const first = answer.rows.find((row) => row.lane === "wire" && row.src);
  const entries = answer.rows.map((row, i): Entry => {
    // A record without a time among those with one is where it stands in the order.
    const own = times[i];
    const time = !timed ? i : own === undefined ? before : Math.max(Number(own - base!), before);
    before = time;
    const direction = row.lane !== "wire" || !first ? -1 : row.src === first.src && (!row.tcp || !first.tcp || row.src !== row.dst || row.tcp.src_port === first.tcp.src_port) ? 0 : 1;
    const remark = remarkOf(row);
    return { row, time, lane: lanes.get(row.lane_id) ?? 0, remark, sign: signOf(row, direction), short: short(row), direction, call: -1 };
  });
  return { lanes: answer.lanes, entries, calls: pair(entries), arrows: answer.arrows, timed, base, first: first?.src ?? "", second: first?.dst ?? "" };
}

function signOf(row: Row, direction: number): Sign {
  if (row.lane === "application") return "diamond";
  if (row.lane === "stack") return "square";
  return direction === 1 ? "left" : "right";
}

const ANALYSIS: readonly [RegExp, Remark][] = [
  [/retransmission/, "resent"],
  [/lost_segment|ack_lost/, "gap"],
  [/zero_window|window_full/, "window"],
  [/duplicate_ack/, "again"],
  [/out_of_order/, "disorder"],
];

export function remarkOf(row: Row): Remark {
  if (row.sighting?.dropped) return "dropped";
  if (row.lost_at?.length) return "lost";
  if (row.tcp) {
    if (/RST/.test(row.tcp.flags)) return "reset";
    if (row.tcp.retransmission) return "resent";
    for (const [is, remark] of ANALYSIS) if (row.tcp.analysis && is.test(row.tcp.analysis)) return remark;
    if (/SYN/.test(row.tcp.flags)) return "open";
    if (/FIN/.test(row.tcp.flags)) return "close";
  }
  if (row.lane === "application") {
    const status = row.event?.fields?.["Status"];
    if (status !== undefined && !/^(0x0+|0|Success|STATUS_SUCCESS)$/i.test(status) && !/pending|0x00000103/i.test(status)) return "error";
  }
  return "";
}

/** Words for a remark; the letter stands on its mark. */
export const remarks: Record<Exclude<Remark, "">, { word: string; letter: string; bad: boolean }> = {
  dropped: { word: "dropped by the host", letter: "✕", bad: true },
  lost: { word: "lost on the way", letter: "✕", bad: true },
  reset: { word: "reset", letter: "RST", bad: true },
  resent: { word: "sent again", letter: "R", bad: true },
  gap: { word: "after a gap", letter: "?", bad: true },
  window: { word: "window closed or full", letter: "W", bad: true },
  again: { word: "acknowledged again", letter: "D", bad: false },
  disorder: { word: "out of order", letter: "O", bad: false },
  error: { word: "failed", letter: "!", bad: true },
  open: { word: "opens", letter: "", bad: false },
  close: { word: "closes", letter: "", bad: false },
};

const SHORT = 46;
// A segment without anything that an application protocol would say of it.
const SEGMENT = /^(\[[^\]]*\] )*\d+ → \d+ \[/;

/** What a record is, in few words. */
export function short(row: Row): string {
  let text = row.info;
  if (row.tcp && SEGMENT.test(text)) {
    const remark = remarkOf(row);
    const bytes = Number(/ Len=(\d+)/.exec(text)?.[1] ?? row.payload ?? 0);
    const flags = row.tcp.flags === "ACK" && bytes > 0 ? "" : row.tcp.flags;
    const what = [flags, bytes > 0 ? `${bytes} B` : ""].filter(Boolean).join(" ");
    return remark !== "" && remarks[remark].bad ? `${remarks[remark].word}: ${what}` : what;
  }
  if (row.event) {
    const states = /transition from (\w+?)(?:State)? to (\w+?)(?:State)?[,. ]/.exec(text);
    if (states) return `${states[1]} → ${states[2]}`;
    if (enters(row) !== undefined) text = callName(row);
    text = text.replace(/^TCP: /, "").replace(/\(?(0x)?[0-9A-F]{8,}\)?,? ?/gi, "").replace(/\s*\(0x[0-9A-F]+\)/gi, "").replace(/ +/g, " ").trim();
  } else if (row.protocol && !text.startsWith(row.protocol)) {
    text = `${row.protocol} ${text}`;
  }
  return text.length > SHORT ? text.slice(0, SHORT - 1) + "…" : text;
}

/** true at the beginning of a call, false at its end, undefined for what is none. */
function enters(row: Row): boolean | undefined {
  const value = row.event?.fields?.["EnterExit"];
  return value === "0" ? true : value === "1" ? false : undefined;
}

function callName(row: Row): string {
  const name = /^[^:(]+/.exec(row.info)?.[0] ?? row.event?.name ?? "call";
  const n = row.event?.fields?.["BufferLength"];
  return n !== undefined && n !== "0" ? `${name} ${n} B` : name;
}

/**
 * Pairs beginnings and ends of calls: of the same event at the same endpoint, the first that is open ends first. An end without a
 * beginning is a mark of its own, as is a beginning that is repeated before anything ended it by a deeper layer of the same call.
 */
function pair(entries: readonly Entry[]): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, number[]>();
  entries.forEach((entry, i) => {
    const enter = enters(entry.row);
    if (enter === undefined) return;
    const f = entry.row.event!.fields!;
    const key = [entry.lane, /^[^:(]+/.exec(entry.row.info)?.[0], f["Endpoint"], f["Process"]].join(" ");
    const waiting = open.get(key) ?? [];
    open.set(key, waiting);
    if (enter) {
      entry.call = calls.length;
      waiting.push(calls.length);
      calls.push({ from: i, to: -1, name: callName(entry.row), lane: entry.lane });
      return;
    }
    // Of several that wait, the one with the same buffer, where the end names one.
    const same = f["Buffer"] === undefined ? 0 : waiting.findIndex((k) => entries[calls[k]!.from]!.row.event?.fields?.["Buffer"] === f["Buffer"]);
    const [n] = waiting.splice(Math.max(same, 0), 1);
    if (n === undefined) return;
    const call = calls[n]!;
    call.to = i;
    entry.call = n;
    call.name = callName(entry.row);
  });
  return calls;
}

/** Kinds of arrow ends: all arrows of a row, for the one that is selected. */
export function arrowsOf(model: Model, i: number): Arrow[] {
  return model.arrows.filter((arrow) => arrow.from === i || arrow.to === i);
}

/** The longest time between two rows. */
export function longest(model: Model): { after: number; ns: number } | undefined {
  if (!model.timed) return undefined;
  let found: { after: number; ns: number } | undefined;
  for (let i = 1; i < model.entries.length; i++) {
    const ns = model.entries[i]!.time - model.entries[i - 1]!.time;
    if (ns > (found?.ns ?? 0)) found = { after: i - 1, ns };
  }
  return found;
}
