// Where on the canvas things are: lanes below each other, lines in a lane.
import { GapScale, usualLimit } from "../../picture/gaps";
import { stack } from "../../picture/labels";
import type { Extent } from "../../picture/extent";
import type { Model } from "./model";

export const AXIS = 26;
const TITLE = 28;
const LINE = 17;
export const WORDS = 15;
const MOST_LINES = 4;

export interface LaneBox {
  top: number;
  height: number;
  /** Middle of the first line of marks, and how many lines there are. */
  line: number;
  lines: number;
  /** Top of the first line of words, and how many lines of words there are. */
  words: number;
  wordLines: number;
}

/** Shares the height among lanes: each has its title and its lines of marks, the rest is for words. */
export function boxes(lines: readonly number[], height: number): LaneBox[] {
  const fixed = lines.map((n) => TITLE + n * LINE + 8);
  const left = Math.max(height - AXIS - fixed.reduce((a, b) => a + b, 0), 0);
  const each = lines.length ? Math.floor(left / lines.length) : 0;
  let top = AXIS;
  return lines.map((n, i) => {
    const wordLines = Math.max(Math.min(Math.floor(each / WORDS), 6), 0);
    const box = { top, height: fixed[i]! + each, line: top + TITLE + LINE / 2, lines: n, words: top + TITLE + n * LINE + 2, wordLines };
    top += box.height;
    return box;
  });
}

export function lineOf(box: LaneBox, line: number): number {
  return box.line + Math.min(line, box.lines - 1) * LINE;
}

/** The model on a scale of time. */
export interface Places {
  scale: GapScale;
  whole: Extent;
  /** Place of each entry. */
  at: Float64Array;
  /** Indexes of the entries of each lane. */
  byLane: number[][];
  /** The line of each entry in its lane. */
  lineOf: Uint8Array;
  /** Lines of each lane. */
  lines: number[];
  limit: number;
}

/** limit: gaps longer than it are breaks; undefined for what is usual of these rows. */
export function places(model: Model, limit: number | undefined): Places {
  const times = model.entries.map((entry) => entry.time);
  const used = !model.timed ? Infinity : (limit ?? usualLimit(times));
  const scale = new GapScale(times, used);
  const at = Float64Array.from(times, (t) => scale.at(t));
  const byLane: number[][] = model.lanes.map(() => []);
  model.entries.forEach((entry, i) => byLane[entry.lane]?.push(i));
  const lineOf = new Uint8Array(model.entries.length);
  const lines = model.lanes.map((lane, n) => {
    if (lane.kind === "packets") {
      for (const i of byLane[n]!) lineOf[i] = Math.max(model.entries[i]!.direction, 0);
      return 2;
    }
    const calls = model.calls.filter((call) => call.lane === n);
    if (calls.length === 0) return 1;
    const end = scale.extent;
    const least = scale.extent / 400;
    const own = stack(calls.map((c) => ({ from: at[c.from]!, to: Math.max(c.to < 0 ? end : at[c.to]!, at[c.from]! + least) })), MOST_LINES);
    calls.forEach((c, k) => {
      lineOf[c.from] = own[k]!;
      if (c.to >= 0) lineOf[c.to] = own[k]!;
    });
    return Math.max(...own) + 1;
  });
  const pad = scale.extent > 0 ? scale.extent * 0.03 : 1;
  return { scale, whole: { from: -pad, to: scale.extent + 2 * pad }, at, byLane, lineOf, lines, limit: used };
}
