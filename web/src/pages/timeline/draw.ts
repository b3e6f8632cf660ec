// Draws the timeline on a canvas: axis, lanes, silences, arrows, calls, marks and their words, from back to front.
import type { Surface } from "../../picture/Canvas";
import type { Colors } from "../../picture/colors";
import { font } from "../../picture/colors";
import type { Extent } from "../../picture/extent";
import { place, type Label } from "../../picture/labels";
import { sign, type Sign } from "../../picture/signs";
import { thin } from "../../picture/thin";
import { multiples, niceStep, timeTick } from "../../picture/ticks";
import { duration, visible } from "../../format";
import { AXIS, boxes, lineOf, WORDS, type LaneBox, type Places } from "./layout";
import { arrowsOf, remarks, type Arrow, type Entry, type Lane, type Model } from "./model";

export interface Scene {
  model: Model;
  places: Places;
  view: Extent;
  selected: number;
  hovered: number;
}

const R = 4.5;
const MOST_ARROWS = 250;
const MOST_WORDS = 500;
const TICK_ROOM = 84;

type ByKind = "application" | "stack" | "wire";
const colorName = (lane: Lane): ByKind => (lane.kind === "packets" ? "wire" : lane.kind);
export const laneColor = (lane: Lane, c: Colors): string => c[colorName(lane)];

export function draw(on: Surface, scene: Scene) {
  const d = new Drawing(on, scene);
  d.lanes();
  d.axis();
  d.silences();
  d.arrows();
  d.calls();
  d.marks();
  d.words();
  d.titles();
  d.chosen();
}

/** Pixels of places in a view. */
export function toX(at: number, view: Extent, width: number): number {
  return ((at - view.from) / (view.to - view.from)) * width;
}

class Drawing {
  private readonly boxes: LaneBox[];
  private readonly drawn: number[][];
  private readonly ctx: CanvasRenderingContext2D;
  private readonly c: Colors;

  constructor(
    private readonly on: Surface,
    private readonly s: Scene,
  ) {
    this.ctx = on.ctx;
    this.c = on.colors;
    this.boxes = boxes(s.places.lines, on.height);
    const { view, places, model, selected } = s;
    const column = (view.to - view.from) / on.width;
    this.drawn = places.byLane.map((indexes) => {
      const at = Float64Array.from(indexes, (i) => places.at[i]!);
      const matters = (k: number) => indexes[k] === selected || (model.entries[indexes[k]!]!.remark !== "" && remarks[model.entries[indexes[k]!]!.remark as "lost"].bad);
      return thin(at, view.from, view.to, column, matters).map((k) => indexes[k]!);
    });
  }

  private x(at: number): number {
    return toX(at, this.s.view, this.on.width);
  }

  private y(i: number): number {
    const entry = this.s.model.entries[i]!;
    return lineOf(this.boxes[entry.lane]!, this.s.places.lineOf[i]!);
  }

  lanes() {
    const { ctx } = this;
    this.s.model.lanes.forEach((lane, n) => {
      const box = this.boxes[n]!;
      ctx.fillStyle = this.c[`${colorName(lane)}-bg`];
      ctx.fillRect(0, box.top, this.on.width, box.height - 2);
      if (lane.kind !== "packets") return;
      ctx.strokeStyle = this.c.line;
      ctx.lineWidth = 1;
      ctx.beginPath();
      for (const line of [0, 1]) {
        ctx.moveTo(0, Math.round(lineOf(box, line)) + 0.5);
        ctx.lineTo(this.on.width, Math.round(lineOf(box, line)) + 0.5);
      }
      ctx.stroke();
    });
  }

  axis() {
    const { ctx, c } = this;
    const { view, places, model } = this.s;
    ctx.fillStyle = c.panel;
    ctx.fillRect(0, 0, this.on.width, AXIS - 2);
    ctx.font = font(11.5);
    ctx.fillStyle = c.dim;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    if (!model.timed) {
      ctx.fillText("no times were recorded: drawn in the order of the records", 8, AXIS / 2);
      return;
    }
    const step = niceStep(((view.to - view.from) / this.on.width) * TICK_ROOM);
    let free = 0;
    for (const stretch of places.scale.stretches(view.from, view.to)) {
      const from = places.scale.time(stretch.from + 1e-6) - places.scale.from;
      const to = places.scale.time(stretch.to - 1e-6) - places.scale.from;
      for (const t of multiples(from, to, step)) {
        const x = this.x(places.scale.at(t + places.scale.from));
        const text = timeTick(t, step, Math.abs(to));
        const half = ctx.measureText(text).width / 2;
        ctx.fillStyle = c.line;
        ctx.fillRect(Math.round(x), AXIS - 6, 1, this.on.height);
        if (x - half < free || x + half > this.on.width) continue;
        ctx.fillStyle = c.dim;
        ctx.fillText(text, x - half, AXIS / 2 - 1);
        free = x + half + 10;
      }
    }
  }

  /** A silence is a hatched band with its length on it. */
  silences() {
    const { ctx, c } = this;
    const { view, places } = this.s;
    const shown = places.scale.breaks.filter((b) => b.end >= view.from && b.at <= view.to);
    const most = Math.max(...places.scale.breaks.map((b) => b.to - b.from));
    for (const b of shown) {
      const [x0, x1] = [this.x(b.at), this.x(b.end)];
      const wide = x1 - x0;
      ctx.save();
      ctx.beginPath();
      ctx.rect(x0 + 1, AXIS - 2, Math.max(wide - 2, 1), this.on.height);
      ctx.clip();
      ctx.fillStyle = c.bg;
      ctx.fill();
      ctx.strokeStyle = c.line;
      ctx.lineWidth = 1;
      ctx.beginPath();
      for (let x = x0 - this.on.height; x < x1; x += 9) {
        ctx.moveTo(x, this.on.height);
        ctx.lineTo(x + this.on.height, 0);
      }
      ctx.stroke();
      ctx.restore();
      const text = duration(Math.round(b.to - b.from));
      const great = b.to - b.from === most;
      ctx.font = font(great ? 14 : 11.5, great ? "700" : "600");
      const width = ctx.measureText(text).width;
      ctx.save();
      ctx.translate((x0 + x1) / 2, (AXIS + this.on.height) / 2);
      if (width + 10 > wide) {
        ctx.rotate(-Math.PI / 2);
        if (wide < 9) {
          ctx.restore();
          continue;
        }
      }
      ctx.fillStyle = c.bg;
      ctx.fillRect(-width / 2 - 4, -9, width + 8, 18);
      ctx.fillStyle = great ? c.text : c.dim;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(text, 0, 0);
      ctx.restore();
    }
  }

  arrows() {
    const { model, selected, hovered, places, view } = this.s;
    const inView = (i: number) => places.at[i]! >= view.from && places.at[i]! <= view.to;
    const shown = model.arrows.filter((a) => inView(a.from) || inView(a.to));
    if (shown.length <= MOST_ARROWS) for (const arrow of shown) this.arrow(arrow, 0.75, 1.2);
    for (const i of [hovered, selected]) if (i >= 0) for (const arrow of arrowsOf(model, i)) this.arrow(arrow, 1, 2.4);
  }

  private arrow({ from, to, why }: Arrow, alpha: number, width: number) {
    const { ctx, c } = this;
    const [x0, y0, x1, y1] = [this.x(this.s.places.at[from]!), this.y(from), this.x(this.s.places.at[to]!), this.y(to)];
    const color = why === "call" ? c.application : c.dim;
    const bend = Math.max(Math.abs(y1 - y0) * 0.35, 10) * Math.sign(y1 - y0 || 1);
    const towards = Math.sign(y1 - y0 || 1);
    const tip = y1 - towards * (R + 2);
    ctx.save();
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = ctx.fillStyle = color;
    ctx.lineWidth = width;
    ctx.setLineDash(why === "call" ? [5, 3] : []);
    ctx.beginPath();
    ctx.moveTo(x0, y0 + towards * R);
    ctx.bezierCurveTo(x0, y0 + bend, x1, y1 - bend, x1, tip);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x1, tip + towards * 3);
    ctx.lineTo(x1 - 3.5, tip - towards * 4);
    ctx.lineTo(x1 + 3.5, tip - towards * 4);
    ctx.closePath();
    ctx.fill();
    ctx.restore();
  }

  /** A call is a bar from its beginning to its end, open at the right when it never returned. */
  calls() {
    const { ctx, c } = this;
    const { model, places, selected } = this.s;
    for (const [n, call] of model.calls.entries()) {
      const lane = model.lanes[call.lane];
      if (!lane) continue;
      const x0 = this.x(places.at[call.from]!);
      const x1 = call.to < 0 ? this.on.width + 20 : this.x(places.at[call.to]!);
      if (x1 < 0 || x0 > this.on.width) continue;
      const y = this.y(call.from);
      const chosen = selected >= 0 && model.entries[selected]!.call === n;
      ctx.fillStyle = laneColor(lane, c);
      ctx.globalAlpha = chosen ? 0.75 : 0.32;
      ctx.fillRect(x0, y - 5, Math.max(x1 - x0, 2), 10);
      ctx.globalAlpha = 1;
      ctx.fillRect(x0, y - 6, 1.5, 12);
      if (call.to >= 0) ctx.fillRect(x1 - 1, y - 6, 1.5, 12);
    }
  }

  marks() {
    const { model, places } = this.s;
    const groups = new Map<string, { sign: Sign; color: string; at: [number, number][] }>();
    const letters: [Entry, number, number][] = [];
    this.drawn.forEach((indexes, n) => {
      const color = laneColor(model.lanes[n]!, this.c);
      for (const i of indexes) {
        const entry = model.entries[i]!;
        if (entry.call >= 0 && entry.remark === "") continue;
        const [x, y] = [this.x(places.at[i]!), this.y(i)];
        const bad = entry.remark !== "" && remarks[entry.remark].bad;
        if (entry.remark !== "" && remarks[entry.remark].letter) letters.push([entry, x, y]);
        const of = bad ? this.c.error : color;
        const key = entry.sign + of;
        let group = groups.get(key);
        if (!group) groups.set(key, (group = { sign: entry.sign, color: of, at: [] }));
        group.at.push([x, y]);
      }
    });
    for (const { sign: shape, color, at } of groups.values()) {
      this.ctx.fillStyle = color;
      this.ctx.beginPath();
      for (const [x, y] of at) sign(this.ctx, shape, x, y, R);
      this.ctx.fill();
    }
    this.letters(letters);
  }

  /** The letter of a remark in a circle beside its mark, on the side where no line of marks is. */
  private letters(list: readonly [Entry, number, number][]) {
    const { ctx, c } = this;
    ctx.font = font(10, "700");
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    let [lastX, lastY] = [-99, -99];
    for (const [entry, x, y] of list) {
      const { letter, bad } = remarks[entry.remark as "lost"];
      const half = Math.max(ctx.measureText(letter).width / 2 + 3, 7);
      const up = entry.direction === 1 ? y + 12 : y - 12;
      if (!bad && lastY === up && x - lastX < half) continue;
      [lastX, lastY] = [x, up];
      if (!bad) {
        ctx.fillStyle = c.dim;
        ctx.fillText(letter, x, up);
        continue;
      }
      ctx.fillStyle = c.error;
      ctx.beginPath();
      ctx.roundRect(x - half, up - 7, 2 * half, 13, 6);
      ctx.fill();
      ctx.fillStyle = c.bg;
      ctx.fillText(letter, x, up);
    }
  }

  words() {
    const { ctx, c } = this;
    const { model, places, selected, view } = this.s;
    ctx.font = font(11.5);
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    this.drawn.forEach((indexes, n) => {
      const box = this.boxes[n]!;
      if (box.wordLines === 0) return;
      const many = indexes.length > MOST_WORDS;
      const told: { i: number; label: Label; text: string }[] = [];
      for (const i of indexes) {
        const entry = model.entries[i]!;
        const call = model.calls[entry.call];
        if (call && call.from !== i && places.at[call.from]! >= view.from) continue;
        const weight = i === selected ? 99 : this.weight(entry);
        if (many && weight < 2) continue;
        const text = visible(call ? this.callText(entry.call) : entry.short);
        const x = Math.max(this.x(places.at[i]!) - 3, 2);
        told.push({ i, text, label: { x, width: ctx.measureText(text).width, weight } });
      }
      const rows = place(told.map((one) => one.label), box.wordLines, 8, this.on.width);
      told.forEach(({ i }, k) => {
        const row = rows[k]!;
        if (row < 0) return;
        const y = box.words + row * WORDS;
        const x = this.x(places.at[i]!);
        ctx.fillStyle = c.line;
        ctx.fillRect(Math.round(x), this.y(i) + R, 1, y - this.y(i) - R + 2);
      });
      told.forEach(({ i, text, label }, k) => {
        const row = rows[k]!;
        if (row < 0) return;
        const y = box.words + row * WORDS;
        ctx.fillStyle = c[`${colorName(model.lanes[n]!)}-bg`];
        ctx.fillRect(label.x, y, label.width + 2, WORDS - 1);
        const remark = model.entries[i]!.remark;
        ctx.fillStyle = remark !== "" && remarks[remark].bad ? c.error : i === selected ? c.accent : c.text;
        ctx.fillText(text, label.x + 1, y + 1);
      });
    });
  }

  private weight(entry: Entry): number {
    if (entry.remark !== "") return remarks[entry.remark].bad ? 50 : 6;
    if (entry.call >= 0) return 4;
    return entry.row.payload || entry.row.lane !== "wire" ? 3 : 1;
  }

  private callText(n: number): string {
    const { model } = this.s;
    const call = model.calls[n]!;
    if (call.to < 0) return `${call.name}: not returned`;
    const ns = model.entries[call.to]!.time - model.entries[call.from]!.time;
    return model.timed ? `${call.name} in ${duration(ns)}` : call.name;
  }

  titles() {
    const { ctx, c } = this;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    this.s.model.lanes.forEach((lane, n) => {
      const box = this.boxes[n]!;
      const y = box.top + 10;
      ctx.font = font(12, "650");
      const text = visible(lane.title);
      const more = lane.kind === "packets" && this.s.model.first ? `  ▶ from ${this.s.model.first}   ◀ to it` : "";
      const width = ctx.measureText(text).width;
      ctx.fillStyle = c[`${colorName(lane)}-bg`];
      ctx.fillRect(0, box.top, width + 30 + ctx.measureText(more).width, 20);
      ctx.fillStyle = laneColor(lane, c);
      ctx.fillRect(0, box.top, 4, box.height - 2);
      ctx.beginPath();
      sign(ctx, lane.kind === "application" ? "diamond" : lane.kind === "stack" ? "square" : "right", 15, y, 4.5);
      ctx.fill();
      ctx.fillText(text, 25, y);
      ctx.font = font(11.5);
      ctx.fillStyle = c.dim;
      ctx.fillText(more, 25 + width, y);
    });
  }

  chosen() {
    const { selected, hovered, places } = this.s;
    const { ctx, c } = this;
    for (const [i, width] of [[hovered, 1], [selected, 2]] as const) {
      if (i < 0) continue;
      const [x, y] = [this.x(places.at[i]!), this.y(i)];
      ctx.strokeStyle = c.accent;
      ctx.lineWidth = width;
      ctx.beginPath();
      ctx.moveTo(x, AXIS - 6);
      ctx.lineTo(x, this.on.height);
      ctx.globalAlpha = 0.5;
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.arc(x, y, R + 4, 0, 7);
      ctx.stroke();
    }
  }
}

/** The record at a point of the canvas, -1 for none. */
export function hit(scene: Scene, width: number, height: number, x: number, y: number): number {
  const { places, view, model } = scene;
  const list = boxes(places.lines, height);
  const n = list.findIndex((box) => y >= box.top && y < box.top + box.height);
  if (n < 0) return -1;
  let [best, least] = [-1, 20 * 20];
  for (const i of places.byLane[n]!) {
    const dx = toX(places.at[i]!, view, width) - x;
    if (Math.abs(dx) > 20) continue;
    const dy = (lineOf(list[n]!, places.lineOf[i]!) - y) * 0.5;
    if (dx * dx + dy * dy < least) [best, least] = [i, dx * dx + dy * dy];
  }
  if (best >= 0) return best;
  const call = model.calls.find((c) => {
    const end = c.to < 0 ? width : toX(places.at[c.to]!, view, width);
    return c.lane === n && x >= toX(places.at[c.from]!, view, width) && x <= end && Math.abs(lineOf(list[n]!, places.lineOf[c.from]!) - y) < 8;
  });
  return call?.from ?? -1;
}
