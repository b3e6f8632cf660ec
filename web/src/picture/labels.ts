// Words beside marks: as many as there is room for, the important ones first, none over another.

export interface Label {
  x: number;
  width: number;
  /** The greater, the earlier it gets its place. */
  weight: number;
}

/** Which labels are drawn, and in which of `rows` lines: for each the line, -1 for one without room. */
export function place(labels: readonly Label[], rows: number, gap: number, right: number): number[] {
  const out = new Array<number>(labels.length).fill(-1);
  const taken: { from: number; to: number }[][] = Array.from({ length: rows }, () => []);
  const order = labels.map((_, i) => i).sort((a, b) => labels[b]!.weight - labels[a]!.weight || labels[a]!.x - labels[b]!.x);
  for (const i of order) {
    const { x, width } = labels[i]!;
    if (x + width > right) continue;
    const row = taken.findIndex((spans) => spans.every((s) => x >= s.to + gap || x + width <= s.from - gap));
    if (row < 0) continue;
    taken[row]!.push({ from: x, to: x + width });
    out[i] = row;
  }
  return out;
}

/** Lines for bars so that none lies over another: for each bar its line. Bars are in order of their beginning. */
export function stack(bars: readonly { from: number; to: number }[], most: number): number[] {
  const ends: number[] = [];
  return bars.map((bar) => {
    let line = ends.findIndex((end) => end <= bar.from);
    if (line < 0) line = Math.min(ends.length, most - 1);
    ends[line] = Math.max(bar.to, ends[line] ?? -Infinity);
    return line;
  });
}
