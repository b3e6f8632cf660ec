// Fewer marks where many fall on one column of pixels, so that pictures of many records stay fluid.

/**
 * Which of places, in order, are drawn on columns `column` wide from `from` to `to`: the first and the last of each column, and each
 * that matters. Their indexes, in order.
 */
export function thin(places: ArrayLike<number>, from: number, to: number, column: number, matters: (i: number) => boolean): number[] {
  const out: number[] = [];
  let open = -1;
  let tail = -1;
  const end = () => {
    if (tail >= 0) out.push(tail);
    tail = -1;
  };
  for (let i = firstAtLeast(places, from); i < places.length && places[i]! <= to; i++) {
    const n = column > 0 ? Math.floor((places[i]! - from) / column) : i;
    if (n !== open) {
      end();
      open = n;
      out.push(i);
    } else if (matters(i)) {
      end();
      out.push(i);
    } else {
      tail = i;
    }
  }
  end();
  return out;
}

/** Index of the first value that is at least `least`, of values in order. */
export function firstAtLeast(values: ArrayLike<number>, least: number): number {
  let lo = 0;
  let hi = values.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (values[mid]! < least) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/**
 * Index of the point nearest to (x, y) within `radius`, of points whose x are in order; -1 for none. Scales turn values into pixels.
 */
export function nearest(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number, y: number, radius: number, scaleX: number, toY: (v: number) => number): number {
  let best = -1;
  let least = radius * radius;
  const reach = radius / scaleX;
  for (let i = firstAtLeast(xs, x - reach); i < xs.length && xs[i]! <= x + reach; i++) {
    const dx = (xs[i]! - x) * scaleX;
    const dy = toY(ys[i]!) - y;
    const d = dx * dx + dy * dy;
    if (d <= least) {
      least = d;
      best = i;
    }
  }
  return best;
}
