// The lines of a report that tell of capture points, in the shape that the page draws.
import { duration } from "../../format";
import type { Finding, Line } from "../../types";

export interface Stretch {
  from: string;
  to: string;
  offset_ns: number;
  offset_end_ns: number;
  error_ns: number;
}

export interface Point {
  source: number;
  more?: number[];
  name: string;
  packets: number;
  tick_ns?: number;
  clock?: { reference?: boolean; bound?: string; stretches?: Stretch[] };
  relayed?: { a: number; b: number }[];
}

export interface Way {
  from?: number;
  matched: number;
  lost: number;
  only: number;
  outside: number;
  altered?: number;
  delay_min_ns?: number;
  delay_p50_ns?: number;
  delay_p95_ns?: number;
  reordered?: number;
  twice?: number;
  foreign?: unknown[];
}

export interface HopLine {
  a: number;
  b: number;
  known: boolean;
  ttl: number;
  way: Way;
  queue?: { [more: string]: unknown };
}

export interface Route {
  points: number[];
  back: number[];
  conversations: number;
  hops: HopLine[];
}

export interface Period {
  from: string;
  packets: number;
  min_ns: number;
  p50_ns: number;
  p95_ns: number;
}

export interface Path {
  a: number;
  b: number;
  conversations: number;
  rewritten: number;
  contradicted?: number;
  twice?: boolean;
  sample?: number;
  ways?: Way[];
  rewrites?: { field: string; at_a: string; at_b: string; conversations: number }[];
  over?: { from: number; width_ns: number; level: boolean; periods: Period[] }[];
  clock?: { bound: string; offset_ns?: number; error_ns?: number; drift_ppb?: number }[];
  relayed?: { a: number; b: number }[];
}

export interface Points {
  points: Point[];
  routes: Route[];
  paths: Path[];
  findings: Finding[];
}

export function pointsOf(lines: readonly Line[]): Points {
  const of = <T>(kind: string) => lines.filter((line) => line.kind === kind) as unknown as T[];
  return { points: of<Point>("point"), routes: of<Route>("route"), paths: of<Path>("path"), findings: of<Finding>("finding").filter((f) => /^(path|point|proxy|clock)\./.test(f.rule)) };
}

/** What is between two neighbours of a route, in both directions. */
export interface Between {
  a: number;
  b: number;
  forth: HopLine | undefined;
  back: HopLine | undefined;
  /** What differs in the same packets: value before, value behind. */
  rewrites: { field: string; before: string; behind: string }[];
  over: Path["over"];
  flipped: boolean;
}

export function betweens(route: Route, paths: readonly Path[]): Between[] {
  return route.points.slice(1).map((b, i): Between => {
    const a = route.points[i]!;
    const path = paths.find((p) => p.a === a && p.b === b) ?? paths.find((p) => p.a === b && p.b === a);
    const flipped = path !== undefined && path.a !== a;
    return {
      a,
      b,
      forth: route.hops.find((h) => h.a === a && h.b === b),
      back: route.hops.find((h) => h.a === b && h.b === a),
      // The hop says how much lower the TTL is: no line of its own.
      rewrites: (path?.rewrites ?? []).filter((r) => r.field !== "TTL").map((r) => ({ field: r.field, before: flipped ? r.at_b : r.at_a, behind: flipped ? r.at_a : r.at_b })),
      over: path?.over,
      flipped,
    };
  });
}

/** Packets that were sent into a hop: those that came out, were lost or changed. */
export function sent(way: Way): number {
  return way.matched + way.lost + (way.altered ?? 0);
}

/** The greatest usual delay of all hops, that bars are full at. */
export function greatest(list: readonly Between[]): number {
  return Math.max(0, ...list.flatMap((b) => [b.forth?.way.delay_p50_ns ?? 0, b.back?.way.delay_p50_ns ?? 0]));
}

/** What is known of a clock, in words; the offset is how far it is ahead of the reference. */
export function clockWords(point: Point): string {
  const { clock } = point;
  if (!clock) return "nothing tells how far it is from the others";
  if (clock.reference) return "the reference";
  const s = clock.stretches?.[0];
  if (!s) return "nothing tells how far it is from the reference";
  const most = clock.stretches!.reduce((worst, one) => Math.max(worst, one.error_ns), 0);
  const offset = `${duration(Math.abs(s.offset_ns))} ${s.offset_ns < 0 ? "behind" : "ahead"}`;
  switch (clock.bound) {
    case "both":
      return `${offset} ± ${duration(most)}`;
    case "at_most":
      return `at most ${offset} (one way of packets only)`;
    case "at_least":
      return `at least ${offset} (one way of packets only)`;
    default:
      return `about ${offset}, loosely`;
  }
}
