// Moving average of a series of an IO graph.

/**
 * Mean of the values of the last `n` intervals at each point: as many before as after it where there are, as Wireshark's simple moving
 * average has it for odd n. Points may be missing where nothing was counted (steps): they count as they are.
 */
export function movingAverage(values: readonly number[], n: number): number[] {
  if (n <= 1) return [...values];
  const before = Math.floor((n - 1) / 2);
  const out: number[] = [];
  let sum = 0;
  let from = 0;
  let to = 0;
  for (let i = 0; i < values.length; i++) {
    const end = Math.min(i + (n - before), values.length);
    while (to < end) sum += values[to++]!;
    while (from < i - before) sum -= values[from++]!;
    out.push(sum / (to - from));
  }
  return out;
}
