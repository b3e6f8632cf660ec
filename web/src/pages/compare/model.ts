// The lines of a comparison in the shape that the page draws.
import { bytes, count, duration, rate } from "../../format";
import type { Finding, Line } from "../../types";

export interface Comparison {
  ratio: number;
  unit: string;
  protocol: string;
  common_bytes: number;
  notes?: string[];
}

export interface Run {
  run: "slow" | "good";
  rate: number;
  steady: boolean;
  from_frame: number;
  to_frame: number;
  from_time: string;
  time_ns: number;
  first_byte_ns: number;
  transfer_ns: number;
  other_ns: number;
  pause_ns: number;
  loss_ns: number;
  window_ns: number;
  requests: number;
  bytes: number;
  batches: number;
  depth: number;
  service?: { n: number; min_ns: number; median_ns: number; p95_ns: number; max_ns: number };
  round_trip_ns?: number;
  unasked?: number;
}

export interface Factor {
  name: string;
  factor: number;
  share: number;
  slow: number;
  good: number;
}

export interface WhatIf {
  change: string;
  size: number;
  depth?: number;
  rate: number;
}

export interface Work {
  command: string;
  slow?: WorkShare;
  good?: WorkShare;
  common_bytes: number;
}

export interface WorkShare {
  name?: string;
  requests: number;
  bytes: number;
  distinct_bytes?: number;
}

export interface Compared {
  comparison: Comparison | undefined;
  finding: Finding | undefined;
  runs: Run[];
  factors: Factor[];
  whatIfs: WhatIf[];
  work: Work[];
}

export function comparedOf(lines: readonly Line[]): Compared {
  const of = <T>(kind: string) => lines.filter((line) => line.kind === kind) as unknown as T[];
  return { comparison: of<Comparison>("comparison")[0], finding: of<Finding>("finding")[0], runs: of<Run>("run"), factors: of<Factor>("factor"), whatIfs: of<WhatIf>("what_if"), work: of<Work>("work") };
}

/** A step of the waterfall, in percent of its width: from the product of the factors before to that with this one. */
export interface Step {
  name: string;
  factor: number;
  from: number;
  to: number;
}

/**
 * Factors on a logarithmic axis, so that equal factors are equally wide wherever they stand: the product goes from 1 to the ratio. The axis has
 * room for all products on the way.
 */
export function waterfall(factors: readonly Factor[], ratio: number): { steps: Step[]; one: number; ratio: number } {
  const products = [1];
  for (const f of factors) products.push(products[products.length - 1]! * (f.factor > 0 ? f.factor : 1));
  const logs = [...products, ratio > 0 ? ratio : 1].map(Math.log);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const at = (log: number) => (high > low ? ((log - low) / (high - low)) * 100 : 50);
  return { steps: factors.map((f, i) => ({ name: f.name, factor: f.factor, from: at(logs[i]!), to: at(logs[i + 1]!) })), one: at(0), ratio: at(logs[logs.length - 1]!) };
}

/** A value of a factor with its unit. */
export function factorValue(name: string, value: number, unit: string): string {
  switch (name) {
    case "request size":
      return bytes(value);
    case "depth":
      return `${Number.isInteger(value) ? value : value.toFixed(1)} open`;
    case "first byte":
    case "round trip":
      return duration(value);
    case "transfer":
      return rateOf(value, unit);
    default:
      return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} % of the time`;
  }
}

export function rateOf(value: number, unit: string): string {
  return unit === "bit/s" ? rate(value) : `${value >= 100 ? count(Math.round(value)) : value.toPrecision(3)} ${unit}`;
}

/** Where the time of a run went: shares that add up to it. */
export const stages: readonly { key: "first_byte_ns" | "transfer_ns" | "other_ns" | "pause_ns" | "loss_ns" | "window_ns"; title: string; color: string }[] = [
  { key: "first_byte_ns", title: "waits for the first byte", color: "var(--s2)" },
  { key: "transfer_ns", title: "bytes are on their way", color: "var(--s3)" },
  { key: "other_ns", title: "only other requests", color: "var(--s4)" },
  { key: "pause_ns", title: "client asks nothing", color: "var(--s5)" },
  { key: "loss_ns", title: "recovers from loss", color: "var(--s6)" },
  { key: "window_ns", title: "window is closed", color: "var(--s7)" },
];
