// Draws the series of a panel onto the canvas of uPlot, in pixels of the device.
import type uPlot from "uplot";
import type { Theme } from "../theme";
import { font, onTheme } from "./colors";
import type { Series } from "./series";
import { sign } from "./signs";
import { firstAtLeast } from "./thin";

export function drawSeries(u: uPlot, series: readonly Series[], theme: Theme) {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  const { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const s of series) one(u, s, onTheme(s.color, theme), ratio);
  ctx.restore();
}

/** Whole pixels of values: uPlot's own function looks up its scale at each call. */
function pixels(u: uPlot): { x: (v: number) => number; y: (v: number) => number } {
  const { left, top, width, height } = u.bbox;
  const [sx, sy] = [u.scales["x"]!, u.scales["y"]!];
  const kx = width / (sx.max! - sx.min!);
  const ky = height / (sy.max! - sy.min!);
  return { x: (v) => left + (v - sx.min!) * kx, y: (v) => top + height - (v - sy.min!) * ky };
}

function one(u: uPlot, s: Series, color: string, ratio: number) {
  const { ctx } = u;
  const to = pixels(u);
  const from = Math.max(firstAtLeast(s.x, u.scales["x"]!.min!) - (s.shape === "steps" ? 1 : 0), 0);
  const end = u.scales["x"]!.max!;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = (s.width ?? 1.5) * ratio;
  ctx.setLineDash((s.dash ?? []).map((d) => d * ratio));
  ctx.beginPath();
  switch (s.shape) {
    case "steps":
      steps(ctx, s, from, end, to);
      ctx.stroke();
      break;
    case "bars":
      bars(ctx, s, from, end, to, ratio);
      ctx.stroke();
      break;
    case "points":
      points(ctx, s, from, end, to, ratio);
      if (s.mark === "cross") ctx.stroke();
      else ctx.fill();
      break;
    case "letters":
      letters(ctx, s, from, end, to, ratio);
  }
  ctx.setLineDash([]);
}

const MANY = 10_000;

type To = ReturnType<typeof pixels>;

/** A value is kept until the next point. In a column of pixels only its first, lowest, highest and last are drawn. */
function steps(ctx: CanvasRenderingContext2D, s: Series, from: number, end: number, to: To) {
  let last = NaN;
  for (let i = from; i < s.x.length; i++) {
    const x = Math.round(to.x(s.x[i]!));
    const y = to.y(s.y[i]!);
    if (Number.isNaN(last)) ctx.moveTo(x, y);
    else {
      ctx.lineTo(x, last);
      if (y !== last) ctx.lineTo(x, y);
    }
    last = y;
    if (s.x[i]! > end) return;
    // Points of the same column: one stroke from the lowest to the highest.
    let [low, high, k] = [y, y, i];
    while (k + 1 < s.x.length && Math.round(to.x(s.x[k + 1]!)) === x) {
      last = to.y(s.y[++k]!);
      low = Math.min(low, last);
      high = Math.max(high, last);
    }
    if (k > i) {
      ctx.lineTo(x, low);
      ctx.lineTo(x, high);
      ctx.lineTo(x, last);
      i = k;
    }
  }
}

function bars(ctx: CanvasRenderingContext2D, s: Series, from: number, end: number, to: To, ratio: number) {
  const cap = 2.5 * ratio;
  let before = NaN;
  let reach = NaN;
  for (let i = from; i < s.x.length && s.x[i]! <= end; i++) {
    const x = Math.round(to.x(s.x[i]!)) + 0.5;
    const [high, low] = [to.y(s.y[i]!), to.y(s.y2?.[i] ?? s.y[i]!)];
    // A bar that goes on from the one before in the same column needs no caps of its own.
    const joined = x === before && Math.abs(low - reach) < 1;
    ctx.moveTo(x, low);
    ctx.lineTo(x, high);
    if (!joined && low - high > 2 * cap) {
      ctx.moveTo(x - cap, low);
      ctx.lineTo(x + cap, low);
    }
    if (low - high > 2 * cap) {
      ctx.moveTo(x - cap, high);
      ctx.lineTo(x + cap, high);
    }
    [before, reach] = [x, high];
  }
}

function points(ctx: CanvasRenderingContext2D, s: Series, from: number, end: number, to: To, ratio: number) {
  const r = (s.mark === "cross" ? 3.6 : s.mark === "dot" || s.mark === undefined ? 2.4 : 3.2) * ratio;
  // Marks on the same pixel are one: a grid of pixels that are taken keeps a hundred thousand of them fluid.
  const taken = new Set<number>();
  // Of very many dots none is seen to be round, and squares are much faster.
  const squares = s.mark !== "cross" && firstAtLeast(s.x, end) - from > MANY;
  for (let i = from; i < s.x.length && s.x[i]! <= end; i++) {
    const x = Math.round(to.x(s.x[i]!));
    const y = Math.round(to.y(s.y[i]!));
    const key = x * 65536 + y;
    if (taken.has(key)) continue;
    taken.add(key);
    if (squares) ctx.fillRect(x - r, y - r, 2 * r, 2 * r);
    else sign(ctx, s.mark ?? "dot", x, y, r);
  }
}

function letters(ctx: CanvasRenderingContext2D, s: Series, from: number, end: number, to: To, ratio: number) {
  ctx.font = font(11 * ratio, "700");
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  let before = -Infinity;
  for (let i = from; i < s.x.length && s.x[i]! <= end; i++) {
    const x = to.x(s.x[i]!);
    if (x - before < 5 * ratio) continue;
    before = x;
    ctx.fillText(s.letter ?? "?", x, to.y(s.y[i]!) - 2 * ratio);
  }
}
