// The answers of plot and io, and what is computed of them for drawing.
import { firstAtLeast } from "./thin";

export interface Axis {
  label: string;
  unit: string;
  from_zero?: boolean;
}

export interface Series {
  name: string;
  shape: "steps" | "bars" | "points" | "letters";
  mark?: "dot" | "square" | "diamond" | "triangle" | "wedge" | "cross";
  letter?: string;
  color: string;
  width?: number;
  dash?: number[];
  beyond?: boolean;
  bucket_ns?: number;
  x: number[];
  y: number[];
  y2?: number[];
  frame?: number[];
  source?: number[];
}

export interface Panel {
  y: Axis;
  empty?: string;
  series: Series[];
}

export interface Picture {
  title: string;
  subtitle?: string;
  base: string;
  time: string;
  x: Axis;
  panels: Panel[];
  notes?: string[];
}

export interface Range {
  from: number;
  to: number;
}

/** The time from the first to the last point of all panels, with a little room; undefined without points. */
export function span(picture: Picture): Range | undefined {
  let [from, to] = [Infinity, -Infinity];
  for (const panel of picture.panels) {
    for (const s of panel.series) {
      if (s.x.length === 0) continue;
      from = Math.min(from, s.x[0]!);
      to = Math.max(to, s.x[s.x.length - 1]!);
    }
  }
  if (from > to) return undefined;
  const room = to > from ? (to - from) * 0.02 : 0.001;
  return { from: from - room, to: to + room };
}

// A series that need not fit widens the axis by no more than this part of what the others take.
const BEYOND = 0.35;

/** The values that a panel shows in a window of time: of its series that are seen, those that fit. */
export function values(panel: Panel, window: Range, seen: (s: Series) => boolean): Range {
  const usual = extent(panel, window, (s) => seen(s) && !s.beyond);
  const all = extent(panel, window, seen);
  let range = usual ?? all;
  if (!range) return { from: 0, to: 1 };
  if (usual && all) {
    const most = (usual.to - usual.from || 1) * BEYOND;
    range = { from: Math.max(all.from, usual.from - most), to: Math.min(all.to, usual.to + most) };
  }
  const from = panel.y.from_zero ? Math.min(range.from, 0) : range.from;
  const wide = range.to - from;
  if (wide <= 0) return { from: panel.y.from_zero ? 0 : from - 1, to: range.to + (range.to > 0 && panel.y.from_zero ? range.to * 0.1 : 1) };
  return { from: panel.y.from_zero && from === 0 ? 0 : from - wide * 0.04, to: range.to + wide * 0.08 };
}

function extent(panel: Panel, window: Range, seen: (s: Series) => boolean): Range | undefined {
  let [from, to] = [Infinity, -Infinity];
  for (const s of panel.series) {
    if (!seen(s) || s.shape === "letters") continue;
    let i = firstAtLeast(s.x, window.from);
    // The step that reaches into the window has a value there.
    if (s.shape === "steps" && i > 0) i--;
    for (; i < s.x.length && s.x[i]! <= window.to; i++) {
      const y = s.y[i]!;
      const low = s.y2?.[i] ?? y;
      if (low < from) from = low;
      if (y > to) to = y;
    }
  }
  return from > to ? undefined : { from, to };
}

/** True when points are left out, so that a part holds more than is here. */
export function thinned(picture: Picture): boolean {
  return picture.panels.some((panel) => panel.series.some((s) => s.bucket_ns));
}

export interface Stat {
  name: string;
  points: number;
  first: number;
  last: number;
  least: number;
  median: number;
  most: number;
}

/** Numbers of a series, for those who read instead of look. */
export function stat(s: Series): Stat {
  const sorted = [...s.y].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { name: s.name, points: s.y.length, first: s.x[0] ?? 0, last: s.x[s.x.length - 1] ?? 0, least: Math.min(at(0), ...(s.y2 ? [minimum(s.y2)] : [])), median: at(0.5), most: at(1) };
}

function minimum(list: readonly number[]): number {
  return list.reduce((a, b) => Math.min(a, b), Infinity);
}
