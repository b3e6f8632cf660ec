// Ticks of axes and the words beside them, in engineers' units.

/** The least of 1, 2, 5 times a power of ten that is at least `least`. */
export function niceStep(least: number): number {
  if (!(least > 0) || !Number.isFinite(least)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const times of [1, 2, 5]) if (times * power >= least * (1 - 1e-9)) return times * power;
  return 10 * power;
}

/** Multiples of step from `from` to `to`. */
export function multiples(from: number, to: number, step: number): number[] {
  const out: number[] = [];
  const first = Math.ceil(from / step - 1e-9);
  const end = Math.floor(to / step + 1e-9);
  for (let i = first; i <= end && out.length < 1000; i++) out.push(i * step);
  return out;
}

const TIME: readonly [number, string][] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];
const THOUSANDS: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const KIBI: readonly [number, string][] = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

/** A number with as many decimals as its step needs, without a point at its end. */
function decimals(value: number, step: number): string {
  let places = 0;
  while (places < 9 && Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) > 1e-6 * 10 ** places * step) places++;
  // Steps of powers of two have many: three tell them apart.
  if (places > 3) places = Math.max(3, Math.min(Math.ceil(-Math.log10(step)), 9));
  const text = value.toFixed(places);
  return Number(text) === 0 ? "0" : text;
}

/** Nanoseconds at a tick: "0", "250 ms", "1.25 s". The unit is that of the greatest tick. */
export function timeTick(ns: number, step: number, most = Math.abs(ns)): string {
  if (ns === 0) return "0";
  const [of, unit] = TIME.find(([of]) => Math.max(most, step) >= of) ?? TIME[TIME.length - 1]!;
  return `${decimals(ns / of, step / of)} ${unit}`;
}

/** A value at a tick of an axis with a unit of the API: packets, bytes, bits/s, ns, requests. */
export function valueTick(value: number, step: number, unit: string): string {
  if (value === 0) return "0";
  if (unit === "ns") return timeTick(value, step, Math.abs(value));
  if (unit === "bytes") return scaled(value, step, KIBI, "B");
  const [prefixed, rate] = unit === "bits/s" ? [THOUSANDS, "bit/s"] : [THOUSANDS, ""];
  return scaled(value, step, prefixed, rate);
}

function scaled(value: number, step: number, table: readonly [number, string][], unit: string): string {
  const found = table.find(([of]) => Math.abs(value) >= of);
  if (!found) return `${decimals(value, step)} ${unit}`.trim();
  const [of, prefix] = found;
  const word = table === KIBI ? prefix : prefix + unit;
  return `${decimals(value / of, step / of)} ${word}`;
}

/** A value in full, for tooltips and tables: "43.7 ms", "64.0 KiB (65536 B)", "22.9 Mbit/s". */
export function exact(value: number, unit: string): string {
  if (unit === "bytes") {
    const whole = `${Math.round(value)} B`;
    return Math.abs(value) >= 10240 ? `${scaled(value, 2 ** 10 / 10, KIBI, "B")} (${whole})` : whole;
  }
  if (unit === "ns") {
    const [of, name] = TIME.find(([of]) => Math.abs(value) >= of) ?? TIME[3]!;
    return `${significant(value / of)} ${name}`;
  }
  if (unit === "bits/s") {
    const found = THOUSANDS.find(([of]) => Math.abs(value) >= of);
    return found ? `${significant(value / found[0])} ${found[1]}bit/s` : `${significant(value)} bit/s`;
  }
  const text = Number.isInteger(value) ? String(value) : significant(value);
  return `${text} ${unit}`;
}

/** Three digits at least, all that stand before the point. */
function significant(value: number): string {
  const abs = Math.abs(value);
  return value.toFixed(abs >= 100 ? 0 : abs >= 10 ? 1 : 2);
}

/** Step of bytes: a power of two times 1, 2, 4 ..., as sizes are. */
export function byteSteps(): number[] {
  return Array.from({ length: 45 }, (_, i) => 2 ** i);
}
