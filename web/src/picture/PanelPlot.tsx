// One panel of a plot: axes, grid and dragging are uPlot's, the series are drawn by plotDraw.ts.
import "uplot/dist/uPlot.min.css";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { useTheme } from "../theme";
import { colors, font } from "./colors";
import { drawSeries } from "./plotDraw";
import { values, type Panel, type Range, type Series } from "./series";
import { nearest } from "./thin";
import { byteSteps, timeTick, valueTick } from "./ticks";

/** A point of a panel. */
export interface Point {
  panel: number;
  series: Series;
  i: number;
}

interface Props {
  panel: Panel;
  n: number;
  range: Range;
  /** The last panel has the labels of the time axis. */
  last: boolean;
  seen: (s: Series) => boolean;
  picked: Point | undefined;
  label: string;
  onRange: (range: Range) => void;
  onHover: (point: Point | undefined, at: { x: number; y: number }) => void;
  onPick: (point: Point) => void;
}

const RADIUS = 14;
const AXIS = 82;

export function PanelPlot(props: Props) {
  const { panel, range, last, seen, picked, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const { theme } = useTheme();
  const now = useRef(props);
  now.current = props;
  const shown = panel.series.filter(seen);
  const drawn = useRef({ shown, theme, picked });
  drawn.current = { shown, theme, picked };

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (size.width < 60 || size.height < 40) return;
    const c = colors(theme);
    const first = values(panel, now.current.range, now.current.seen);
    const axis: uPlot.Axis = { stroke: c.dim, font: font(11.5), labelFont: font(12, "600"), grid: { stroke: c.line, width: 1 }, ticks: { stroke: c.line, width: 1 } };
    const u = new uPlot(
      {
        width: size.width,
        height: size.height,
        padding: [8, 10, last ? 0 : 6, 0],
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false, dist: 4 }, points: { show: false }, sync: { key: "wiretale" } },
        scales: { x: { time: false, range: () => [now.current.range.from, now.current.range.to] }, y: { range: () => [first.from, first.to] } },
        series: [{}, { paths: () => null, points: { show: false } }],
        axes: [
          { ...axis, size: last ? 34 : 12, values: (_, at, _axis, _space, step) => (last ? at.map((v) => timeTick(v * 1e9, step * 1e9, Math.max(Math.abs(range.from), Math.abs(range.to)) * 1e9)) : at.map(() => "")) },
          { ...axis, size: AXIS, label: panel.y.label, labelSize: 18, labelGap: 2, incrs: panel.y.unit === "bytes" ? byteSteps() : undefined, values: (_, at, _axis, _space, step) => at.map((v) => valueTick(v, step, panel.y.unit)) },
        ],
        hooks: {
          draw: [
            (self) => {
              drawSeries(self, drawn.current.shown, drawn.current.theme);
              ring(self, drawn.current.picked, c.accent, now.current.n);
            },
          ],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4) now.current.onRange({ from: self.posToVal(left, "x"), to: self.posToVal(left + width, "x") });
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
          ready: [
            (self) => {
              self.over.addEventListener("mousemove", (event) => {
                const point = find(self, drawn.current.shown, now.current.n, event.offsetX, event.offsetY);
                now.current.onHover(point, { x: event.offsetX + self.over.offsetLeft, y: event.offsetY + self.over.offsetTop });
              });
              self.over.addEventListener("mouseleave", () => now.current.onHover(undefined, { x: 0, y: 0 }));
              self.over.addEventListener("click", (event) => {
                const point = find(self, drawn.current.shown, now.current.n, event.offsetX, event.offsetY);
                if (point) now.current.onPick(point);
              });
              self.over.addEventListener(
                "wheel",
                (event) => {
                  if (!event.ctrlKey && !event.shiftKey && !event.altKey) return;
                  event.preventDefault();
                  const { from, to } = now.current.range;
                  const factor = Math.exp(Math.max(Math.min(event.deltaY || event.deltaX, 200), -200) * 0.0025);
                  const at = self.posToVal(event.offsetX, "x");
                  now.current.onRange({ from: at - (at - from) * factor, to: at + (to - at) * factor });
                },
                { passive: false },
              );
            },
          ],
        },
      },
      [[now.current.range.from, now.current.range.to], [first.from, first.to]],
      box.current!,
    );
    plot.current = u;
    return () => {
      plot.current = undefined;
      u.destroy();
    };
  }, [panel, theme, size.width, size.height, last]);

  const names = shown.map((s) => s.name).join("\n");
  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    const y = values(panel, range, seen);
    u.batch(() => {
      u.setScale("x", { min: range.from, max: range.to });
      u.setScale("y", { min: y.from, max: y.to });
    });
    u.redraw(false);
  }, [range.from, range.to, names, picked, panel, theme, size]);

  return <div ref={box} class="panel-plot" role="img" aria-label={label} />;
}

function find(u: uPlot, shown: readonly Series[], panel: number, x: number, y: number): Point | undefined {
  const at = u.posToVal(x, "x");
  const scale = u.over.clientWidth / (u.scales["x"]!.max! - u.scales["x"]!.min!);
  for (const s of [...shown].reverse()) {
    if (s.shape === "letters") continue;
    const i = nearest(s.x, s.y, at, y, RADIUS, scale, (v) => u.valToPos(v, "y"));
    if (i >= 0) return { panel, series: s, i };
    if (s.shape !== "bars") continue;
    const k = nearest(s.x, s.y2 ?? s.y, at, y, RADIUS, scale, (v) => u.valToPos(v, "y"));
    if (k >= 0) return { panel, series: s, i: k };
  }
  return undefined;
}

function ring(u: uPlot, point: Point | undefined, color: string, panel: number) {
  if (!point || point.panel !== panel) return;
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  const x = u.valToPos(point.series.x[point.i]!, "x", true);
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  ctx.arc(x, u.valToPos(point.series.y[point.i]!, "y", true), 7 * ratio, 0, 7);
  ctx.stroke();
  ctx.globalAlpha = 0.5;
  ctx.beginPath();
  ctx.moveTo(x, u.bbox.top);
  ctx.lineTo(x, u.bbox.top + u.bbox.height);
  ctx.stroke();
  ctx.restore();
}
