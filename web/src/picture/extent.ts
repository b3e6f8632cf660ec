// What part of a picture is seen: zoom and pan as arithmetic.

export interface Extent {
  from: number;
  to: number;
}

/** Keeps a window inside of the whole and at least `least` wide. */
export function within(want: Extent, whole: Extent, least = 0): Extent {
  const all = whole.to - whole.from;
  const wide = Math.min(Math.max(want.to - want.from, Math.min(least, all)), all);
  const middle = (want.from + want.to) / 2;
  const from = wide === want.to - want.from ? want.from : middle - wide / 2;
  const kept = Math.min(Math.max(from, whole.from), whole.to - wide);
  return { from: kept, to: kept + wide };
}

/** Makes the window `factor` times as wide; what is at `anchor` stays where it is. */
export function zoom(view: Extent, factor: number, anchor: number, whole: Extent, least = 0): Extent {
  const wide = Math.min(Math.max((view.to - view.from) * factor, least), whole.to - whole.from);
  const share = view.to > view.from ? (anchor - view.from) / (view.to - view.from) : 0.5;
  const from = anchor - wide * share;
  return within({ from, to: from + wide }, whole, least);
}

/** Moves the window. */
export function pan(view: Extent, by: number, whole: Extent): Extent {
  return within({ from: view.from + by, to: view.to + by }, whole);
}

/** Moves the window so that a place is in it, with some room beside it; the same window when it is already. */
export function reveal(view: Extent, at: number, whole: Extent): Extent {
  const wide = view.to - view.from;
  const room = wide * 0.08;
  if (at >= view.from + room && at <= view.to - room) return view;
  if (at >= view.from && at <= view.to && (at < whole.from + room || at > whole.to - room)) return view;
  return within({ from: at - wide / 2, to: at + wide / 2 }, whole);
}
