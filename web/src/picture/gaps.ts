// A scale of time on which long silences are short: what happens is drawn to scale, a gap longer than a limit becomes a break of
// little width with a label. Times and places are in nanoseconds; a place is a time less what breaks leave out.

export interface Break {
  /** Index of the last time before it, in the list that the scale is of. */
  after: number;
  from: number;
  to: number;
  /** Places of both ends. */
  at: number;
  end: number;
}

/** Times of the order in which something happened, for records that have no times. */
export function order(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

// Of gaps that are usual, times this is a break.
const UNUSUAL = 16;
// More breaks than this cannot be read: then only the longest gaps are some.
const MOST = 12;
// Breaks take no more than this part of what is drawn to scale.
const SHARE = 0.6;

/** The length from which on gaps between times, which are in order, are breaks: much more than most gaps are. Infinity for none. */
export function usualLimit(times: readonly number[]): number {
  const gaps: number[] = [];
  for (let i = 1; i < times.length; i++) {
    const gap = times[i]! - times[i - 1]!;
    if (gap > 0) gaps.push(gap);
  }
  if (gaps.length < 2) return Infinity;
  gaps.sort((a, b) => a - b);
  return Math.max(UNUSUAL * gaps[Math.floor((gaps.length - 1) * 0.75)]!, gaps[gaps.length - 1 - MOST] ?? 0);
}

export class GapScale {
  readonly breaks: readonly Break[];
  readonly from: number;
  readonly to: number;
  /** Length of all places: they are 0 to extent. */
  readonly extent: number;

  /** Times are in order. Gaps longer than limit become breaks. */
  constructor(times: readonly number[], limit: number) {
    this.from = times[0] ?? 0;
    this.to = times[times.length - 1] ?? 0;
    const long: { after: number; from: number; to: number }[] = [];
    let left = this.to - this.from;
    for (let i = 1; i < times.length; i++) {
      const gap = times[i]! - times[i - 1]!;
      if (gap <= limit) continue;
      long.push({ after: i - 1, from: times[i - 1]!, to: times[i]! });
      left -= gap;
    }
    const width = breakWidth(left, limit, long.length);
    let cut = 0;
    this.breaks = long.map((b) => {
      const at = b.from - this.from - cut;
      // A gap ten times as long is somewhat wider, so that the longest is seen to be the longest.
      const wide = width * (1 + 0.4 * Math.log10((b.to - b.from) / limit));
      cut += b.to - b.from - wide;
      return { ...b, at, end: at + wide };
    });
    this.extent = this.to - this.from - cut;
  }

  /** The place of a time. */
  at(time: number): number {
    const i = last(this.breaks, (b) => b.from <= time);
    const b = this.breaks[i];
    if (!b) return time - this.from;
    if (time >= b.to) return b.end + (time - b.to);
    return b.at + ((b.end - b.at) * (time - b.from)) / (b.to - b.from);
  }

  /** The time of a place. */
  time(at: number): number {
    const i = last(this.breaks, (b) => b.at <= at);
    const b = this.breaks[i];
    if (!b) return this.from + at;
    if (at >= b.end) return b.to + (at - b.end);
    return b.from + ((b.to - b.from) * (at - b.at)) / (b.end - b.at);
  }

  /** The stretches of places between breaks that lie in a window. */
  stretches(from: number, to: number): { from: number; to: number }[] {
    const out: { from: number; to: number }[] = [];
    let begin = -Infinity;
    for (const b of [...this.breaks, { at: Infinity, end: Infinity }]) {
      if (b.at >= from && begin <= to) out.push({ from: Math.max(begin, from), to: Math.min(b.at, to) });
      begin = b.end;
    }
    return out;
  }
}

function breakWidth(left: number, limit: number, n: number): number {
  if (n === 0) return 0;
  // Without anything to scale, breaks are all that there is.
  if (left <= 0) return Number.isFinite(limit) && limit > 0 ? limit : 1;
  return Math.min(limit > 0 ? limit : Infinity, (left * SHARE) / n);
}

/** Index of the last one that holds; those before it hold too. -1 for none. */
export function last<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let lo = 0;
  let hi = list.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (holds(list[mid]!)) lo = mid + 1;
    else hi = mid;
  }
  return lo - 1;
}
