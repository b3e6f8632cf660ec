// Numbers as the command line prints them, in one place.
import type { Time } from "./types";

const UNITS: readonly [number, string][] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** Nanoseconds with three digits and the unit that fits: "3.08 s", "43.7 ms", "518 µs". */
export function duration(ns: number | bigint | undefined): string {
  if (ns === undefined) return "";
  const n = Number(ns);
  if (n < 0) return "-" + duration(-n);
  for (const [of, name] of UNITS) {
    if (n < of) continue;
    const value = n / of;
    if (value >= 100 || n % of === 0) return `${Math.round(value)} ${name}`;
    return `${value.toFixed(value >= 10 ? 1 : 2)} ${name}`;
  }
  return `${n} ns`;
}

/** A number of bytes: "9876 B", "64 KiB". */
export function bytes(n: number | undefined): string {
  if (n === undefined) return "";
  const kilo = 1024;
  if (n < 10 * kilo) return `${n} B`;
  if (n < 10 * kilo ** 2) return `${Math.floor(n / kilo)} KiB`;
  if (n < 10 * kilo ** 3) return `${Math.floor(n / kilo ** 2)} MiB`;
  return `${Math.floor(n / kilo ** 3)} GiB`;
}

/** A rate in bits a second: "22.9 Mbit/s". */
export function rate(bitsPerSecond: number): string {
  const steps: [number, string][] = [
    [1e9, "Gbit/s"],
    [1e6, "Mbit/s"],
    [1e3, "kbit/s"],
  ];
  for (const [of, name] of steps) if (bitsPerSecond >= of) return `${(bitsPerSecond / of).toPrecision(3)} ${name}`;
  return `${Math.round(bitsPerSecond)} bit/s`;
}

/** A count with thin spaces between thousands, so that long ones can be read: "1 500 000". */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** "1 packet", "3 packets", "2 replies". */
export function plural(n: number, noun: string): string {
  if (n === 1) return `1 ${noun}`;
  return `${count(n)} ${noun.endsWith("y") ? noun.slice(0, -1) + "ies" : noun.endsWith("s") ? noun + "es" : noun + "s"}`;
}

export function percent(part: number, whole: number): string {
  if (whole <= 0) return "";
  const share = (100 * part) / whole;
  return share > 0 && share < 1 ? "<1 %" : `${Math.round(share)} %`;
}

/** Nanoseconds since 1970 of a time in either form; undefined when there is none. */
export function nanoseconds(time: Time | null | undefined): bigint | undefined {
  if (time === undefined || time === null || time === "") return undefined;
  if (typeof time === "bigint") return time;
  if (typeof time === "number") return BigInt(Math.round(time));
  const match = /^(.*?)(?:\.(\d{1,9}))?Z$/.exec(time);
  const whole = match ? Date.parse(match[1] + "Z") : NaN;
  if (!match || Number.isNaN(whole)) return undefined;
  return BigInt(whole) * 1000000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

/** Seconds with a number of decimals, rounded down as tshark does. */
export function seconds(ns: bigint, decimals = 6): string {
  const sign = ns < 0n ? "-" : "";
  const abs = ns < 0n ? -ns : ns;
  return `${sign}${abs / 1000000000n}.${String(abs % 1000000000n).padStart(9, "0").slice(0, decimals)}`;
}

/** Date and time of day in UTC: "2010-09-21 15:39:59.950000". */
export function clock(time: Time | null | undefined, decimals = 6): string {
  const ns = nanoseconds(time);
  if (ns === undefined) return "";
  let whole = ns / 1000000000n;
  if (ns < 0n && ns % 1000000000n !== 0n) whole -= 1n;
  const date = new Date(Number(whole) * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const fraction = String(ns - whole * 1000000000n).padStart(9, "0").slice(0, decimals);
  return date.toISOString().slice(0, 19).replace("T", " ") + (decimals ? "." + fraction : "");
}

/** "tcpserver.exe (2704)" */
export function owner(process: { pid: number; name?: string } | undefined): string {
  if (!process) return "";
  return process.name ? `${process.name} (${process.pid})` : `process ${process.pid}`;
}

/** Last part of a path, with / or \. */
export function base(path: string): string {
  return path.split(/[\\/]/).pop() || path;
}

/** What several sources are called before the numbers of their records, as the command line does: by file, by path where files have one name, by point in a merged file. Nothing for one alone. */
export function labels(paths: readonly string[]): string[] {
  if (paths.length < 2) return [];
  const points = paths.map((path) => /^(.+)::(.+)$/s.exec(path));
  if (points.every((point) => point !== null && point[1] === points[0]?.[1])) return points.map((point) => point![2]!);
  const files = paths.map(base);
  return files.map((file, i) => (files.indexOf(file) === files.lastIndexOf(file) ? file : paths[i]!));
}

/**
 * Text of a capture for the page: characters that turn the direction of what follows, and other invisible ones,
 * are shown as their escapes, so that a name cannot look like another one.
 */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0");
  });
}
