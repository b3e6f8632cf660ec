// A picture of the server: panels over one time, a key of the series that switches them, zoom, keys, and the numbers as a table.
import { useEffect, useMemo, useState } from "preact/hooks";
import { visible } from "../format";
import { useKeys } from "../keys";
import { Table } from "../parts/Table";
import { link, navigate } from "../route";
import { useTheme } from "../theme";
import { Tip } from "./Canvas";
import { onTheme } from "./colors";
import { pan, within, zoom } from "./extent";
import { PanelPlot, type Point } from "./PanelPlot";
import { span, stat, type Panel, type Picture, type Range, type Series } from "./series";
import { signPath } from "./signs";
import { exact } from "./ticks";

interface Props {
  /** All of it, which says what there is to see. */
  whole: Picture;
  /** What is drawn: the whole, or a part of it with more points. */
  picture: Picture;
  range: Range | undefined;
  onRange: (range: Range | undefined) => void;
  several: boolean;
}

const LEAST = 1e-6;

export function PicturePlot({ whole, picture, range, onRange, several }: Props) {
  const all = useMemo(() => span(whole) ?? { from: 0, to: 1 }, [whole]);
  const shown = range ? within(range, all, LEAST) : all;
  const [hidden, hide] = useState<ReadonlySet<string>>(new Set());
  const [hovered, hover] = useState<{ point: Point; x: number; y: number }>();
  const [picked, pick] = useState<Point>();
  const [table, showTable] = useState(false);
  useEffect(() => pick(undefined), [picture]);
  const owners = useMemo(() => named(picture), [picture]);
  const seen = (s: Series) => !hidden.has(owners.get(s) ?? s.name);
  const set = (to: Range) => {
    const kept = within(to, all, LEAST);
    onRange(kept.from <= all.from && kept.to >= all.to ? undefined : kept);
  };
  const middle = () => (picked ? picked.series.x[picked.i]! : (shown.from + shown.to) / 2);
  const wide = shown.to - shown.from;
  const open = (point: Point | undefined) => {
    const frame = point?.series.frame?.[point.i];
    if (point && frame) navigate(link("records", { frame: `${point.series.source?.[point.i] ?? 0}:${frame}` }));
  };
  const step = (by: number) => {
    const next = beside(picture, seen, picked, by, shown);
    if (!next) return;
    pick(next);
    const x = next.series.x[next.i]!;
    if (x < shown.from || x > shown.to) set({ from: x - wide / 2, to: x + wide / 2 });
  };
  useKeys("Plot", [
    { key: "+", help: "look closer", run: () => set(zoom(shown, 0.6, middle(), all, LEAST)) },
    { key: "=", help: "", run: () => set(zoom(shown, 0.6, middle(), all, LEAST)) },
    { key: "-", help: "look from farther away", run: () => set(zoom(shown, 1 / 0.6, middle(), all, LEAST)) },
    { key: "0", help: "all of it", run: () => onRange(undefined) },
    { key: "arrowleft", help: "earlier", run: () => set(pan(shown, -0.2 * wide, all)) },
    { key: "arrowright", help: "later", run: () => set(pan(shown, 0.2 * wide, all)) },
    { key: "[", help: "the point before", run: () => step(-1) },
    { key: "]", help: "the next point", run: () => step(1) },
    { key: "enter", help: "the record of the point", run: () => open(picked) },
  ]);
  const empty = picture.panels.every((panel) => panel.series.every((s) => s.x.length === 0));
  return (
    <>
      <div class="plot-key">
        <Key panels={picture.panels} hidden={hidden} toggle={(name) => hide((old) => toggled(old, name))} />
        <span class="plot-tools">
          <button type="button" class="small" onClick={() => set(zoom(shown, 0.6, middle(), all, LEAST))} aria-label="Look closer">
            +
          </button>
          <button type="button" class="small" onClick={() => set(zoom(shown, 1 / 0.6, middle(), all, LEAST))} aria-label="Look from farther away">
            −
          </button>
          <button type="button" class="small" disabled={!range} onClick={() => onRange(undefined)}>
            All
          </button>
          <button type="button" class="small" aria-pressed={table} onClick={() => showTable(!table)}>
            Numbers
          </button>
        </span>
      </div>
      {empty ? (
        <p class="state">{visible(picture.panels.map((panel) => panel.empty ?? "").find(Boolean) ?? "There is nothing to draw.")}</p>
      ) : table ? (
        <Numbers panels={picture.panels} />
      ) : (
        <div class="plot-panels">
          {picture.panels.map((panel, n) => (
            <div key={n} class="plot-panel">
              <PanelPlot
                panel={panel}
                n={n}
                range={shown}
                last={n === picture.panels.length - 1}
                seen={seen}
                picked={picked}
                label={`${visible(whole.title)}: ${panel.y.label}. ${describe(panel)} The button Numbers shows a table.`}
                onRange={set}
                onHover={(point, at) => hover(point && { point, ...at })}
                onPick={(point) => {
                  if (picked && picked.series === point.series && picked.i === point.i) open(point);
                  else pick(point);
                }}
              />
              {hovered?.point.panel === n && (
                <Tip x={hovered.x} y={hovered.y} width={innerWidth}>
                  <Words point={hovered.point} panel={panel} several={several} />
                </Tip>
              )}
            </div>
          ))}
        </div>
      )}
      <p class="said-beside plot-said" aria-live="polite">
        {picked ? (
          <>
            <Words point={picked} panel={picture.panels[picked.panel]!} several={several} />{" "}
            {picked.series.frame?.[picked.i] ? (
              <button type="button" class="small" onClick={() => open(picked)}>
                Open the record
              </button>
            ) : null}
          </>
        ) : (
          <span class="dim">Drag to look closer, click a point for its record; keys: + − 0 ← → [ ]</span>
        )}
      </p>
      {picture.notes?.map((note) => (
        <p key={note} class="said-beside dim">
          {visible(note)}
        </p>
      ))}
    </>
  );
}

/** Letters belong to the series before them. */
function named(picture: Picture): Map<Series, string> {
  const out = new Map<Series, string>();
  for (const panel of picture.panels) {
    let name = "";
    for (const s of panel.series) out.set(s, (name = s.name || name));
  }
  return out;
}

function toggled(old: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(old);
  if (!next.delete(name)) next.add(name);
  return next;
}

/** The next or previous point of a record, over all series of a panel in order of time. */
function beside(picture: Picture, seen: (s: Series) => boolean, from: Point | undefined, by: number, shown: Range): Point | undefined {
  const panel = from?.panel ?? 0;
  const points: { x: number; point: Point }[] = [];
  for (const s of picture.panels[panel]?.series ?? []) {
    if (!seen(s) || s.shape === "letters" || !s.frame) continue;
    s.x.forEach((x, i) => s.frame![i] && points.push({ x, point: { panel, series: s, i } }));
  }
  points.sort((a, b) => a.x - b.x);
  const at = from ? points.findIndex((p) => p.point.series === from.series && p.point.i === from.i) : -1;
  if (at < 0) return points.find((p) => p.x >= shown.from)?.point ?? points[0]?.point;
  return points[Math.min(Math.max(at + by, 0), points.length - 1)]?.point;
}

function Words({ point: { series: s, i }, panel, several }: { point: Point; panel: Panel; several: boolean }) {
  const frame = s.frame?.[i];
  const source = s.source?.[i] ?? 0;
  const low = s.y2?.[i];
  return (
    <>
      <strong>{visible(s.name || s.letter || panel.y.label)}</strong>: {low !== undefined && low !== s.y[i] ? `${exact(low, panel.y.unit)} to ` : ""}
      {exact(s.y[i]!, panel.y.unit)} at {s.x[i]!.toFixed(6)} s{frame ? `, record ${several ? String.fromCharCode(97 + source) + ":" : ""}${frame}` : ""}
    </>
  );
}

function describe(panel: Panel): string {
  return panel.series
    .filter((s) => s.name && s.x.length > 0)
    .map((s) => {
      const of = stat(s);
      return `${s.name}: ${of.points} points, ${exact(of.least, panel.y.unit)} to ${exact(of.most, panel.y.unit)}.`;
    })
    .join(" ");
}

function Key({ panels, hidden, toggle }: { panels: readonly Panel[]; hidden: ReadonlySet<string>; toggle: (name: string) => void }) {
  const { theme } = useTheme();
  const letters = new Map<string, string>();
  const list: Series[] = [];
  for (const panel of panels) {
    let before = "";
    for (const s of panel.series) {
      if (s.shape === "letters" && before) letters.set(before, s.letter ?? "");
      if (!s.name) continue;
      before = s.name;
      if (!list.some((one) => one.name === s.name)) list.push(s);
    }
  }
  return (
    <span class="plot-series" role="group" aria-label="Series">
      {list.map((s) => {
        const color = onTheme(s.color, theme);
        return (
          <button key={s.name} type="button" class="small plot-switch" aria-pressed={!hidden.has(s.name)} onClick={() => toggle(s.name)}>
            <Sample series={s} color={color} letter={letters.get(s.name)} /> {visible(s.name)}
            {s.x.length === 0 && <span class="dim"> (none)</span>}
          </button>
        );
      })}
    </span>
  );
}

function Sample({ series: s, color, letter }: { series: Series; color: string; letter: string | undefined }) {
  return (
    <svg width={letter ? 26 : 18} height="12" viewBox={`0 0 ${letter ? 26 : 18} 12`} aria-hidden="true">
      {s.shape === "steps" && <path d="M1 9H9V3H17" fill="none" stroke={color} stroke-width={Math.max(s.width ?? 1.5, 1.5)} stroke-dasharray={s.dash?.join(" ")} />}
      {s.shape === "bars" && <path d="M5 1V11M3 1H7M3 11H7" fill="none" stroke={color} stroke-width={Math.min(s.width ?? 1.5, 2)} />}
      {s.shape === "points" && <path transform="translate(2 0)" d={signPath(s.mark ?? "dot")} fill={s.mark === "cross" ? "none" : color} stroke={color} stroke-width={s.mark === "cross" ? 2 : 0} />}
      {(s.shape === "letters" || letter) && (
        <text x={s.shape === "letters" ? 4 : 16} y="11" font-size="11" font-weight="700" fill={color}>
          {letter ?? s.letter}
        </text>
      )}
    </svg>
  );
}

function Numbers({ panels }: { panels: readonly Panel[] }) {
  return (
    <div class="plot-numbers">
      {panels.map((panel, n) => (
        <section key={n}>
          <h2>{panel.y.label}</h2>
          <Table
            caption={`Numbers of ${panel.y.label}`}
            rows={panel.series.filter((s) => s.name).map(stat)}
            fields={[
              { id: "name", title: "series", cell: (s) => visible(s.name) },
              { id: "points", title: "points", right: true, by: (s) => s.points, cell: (s) => s.points },
              { id: "first", title: "first (s)", right: true, cell: (s) => (s.points ? s.first.toFixed(6) : "") },
              { id: "last", title: "last (s)", right: true, cell: (s) => (s.points ? s.last.toFixed(6) : "") },
              { id: "least", title: "least", right: true, by: (s) => s.least, cell: (s) => (s.points ? exact(s.least, panel.y.unit) : "") },
              { id: "median", title: "median", right: true, by: (s) => s.median, cell: (s) => (s.points ? exact(s.median, panel.y.unit) : "") },
              { id: "most", title: "most", right: true, by: (s) => s.most, cell: (s) => (s.points ? exact(s.most, panel.y.unit) : "") },
            ]}
          />
        </section>
      ))}
    </div>
  );
}
