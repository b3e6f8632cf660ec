import "./points.css";
import { useMemo } from "preact/hooks";
import { useData } from "../../data";
import { count, duration, plural, visible } from "../../format";
import { sourceName } from "../../parts/Links";
import { Table } from "../../parts/Table";
import { Await, Empty } from "../../parts/States";
import { link } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Line } from "../../types";
import type { PageProps } from "../registry";
import { SeverityMark } from "../findings/Card";
import { Hop } from "./Hop";
import { betweens, clockWords, greatest, pointsOf, type Point, type Points as All, type Route } from "./model";

/** Where packets passed, what was lost, how long each part of the way took, and how far the clocks are apart. */
export function Points({ current }: PageProps) {
  const report = useData<{ lines: Line[] }>(`cases/${current.id}/report`, {}, current.revision);
  const all = useMemo(() => report.data && pointsOf(report.data.lines), [report.data]);
  useStatus(all ? plural(all.points.length, "capture point") : "");
  return (
    <div class="page points">
      <h1>Capture points</h1>
      <Await of={{ ...report, data: all }} what="getting the points">
        {(data) => (data.points.length < 2 ? <Empty>This needs captures of several points of the way: open the files of both ends, or of more places, together.</Empty> : <Shown all={data} />)}
      </Await>
    </div>
  );
}

function Shown({ all }: { all: All }) {
  const name = (source: number) => visible(all.points.find((p) => p.source === source || p.more?.includes(source))?.name ?? sourceName(source));
  const routes = [...all.routes].sort((a, b) => b.points.length - a.points.length || b.conversations - a.conversations);
  return (
    <>
      {all.findings.length > 0 && (
        <ul class="point-findings">
          {all.findings.map((f) => (
            <li key={f.id ?? f.rank}>
              <SeverityMark severity={f.severity} /> <a href={link("findings", { finding: String(f.id ?? f.rank) })}>{visible(f.summary)}</a>
            </li>
          ))}
        </ul>
      )}
      {routes.length === 0 && <p>No conversation was seen at more than one point.</p>}
      {routes.map((route, i) => (
        <RouteFigure key={i} route={route} all={all} name={name} />
      ))}
      <Clocks points={all.points} />
      <Pairs all={all} name={name} />
    </>
  );
}

function RouteFigure({ route, all, name }: { route: Route; all: All; name: (source: number) => string }) {
  const list = betweens(route, all.paths);
  const most = greatest(list);
  return (
    <section class="route" aria-label={`The way over ${route.points.map(name).join(", ")}`}>
      <h2>
        {plural(route.conversations, "conversation")} over {route.points.length} points
      </h2>
      <div class="route-line">
        {route.points.map((source, i) => {
          const point = all.points.find((p) => p.source === source);
          return [
            i > 0 && <Hop key={`hop ${i}`} between={list[i - 1]!} greatest={most} name={name} />,
            <div key={source} class="point">
              <strong>{name(source)}</strong>
              <span class="dim">
                {sourceName(source)} · {count(point?.packets ?? 0)} packets
              </span>
              {point && <span class="dim">clock: {clockWords(point)}</span>}
              {point?.relayed && point.relayed.length > 0 && <span>⇄ proxy: {plural(point.relayed.length, "connection")} carried on</span>}
            </div>,
          ];
        })}
      </div>
    </section>
  );
}

/** Offsets of the clocks with their bounds, over one axis. */
function Clocks({ points }: { points: readonly Point[] }) {
  const known = points.map((p) => ({ point: p, s: p.clock?.reference ? { offset_ns: 0, error_ns: 0 } : p.clock?.stretches?.[0], all: p.clock?.stretches ?? [] }));
  const most = Math.max(1, ...known.map((k) => (k.s ? Math.abs(k.s.offset_ns) + k.s.error_ns : 0)));
  const x = (ns: number) => 50 + (ns / most) * 46;
  return (
    <section>
      <h2>Clocks</h2>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Clocks of the points">
        <table class="clocks">
          <thead>
            <tr>
              <th scope="col">point</th>
              <th scope="col">ahead of the reference</th>
              <th scope="col" class="clock-axis">
                <span>−{duration(most)}</span>
                <span>0</span>
                <span>+{duration(most)}</span>
              </th>
              <th scope="col">step</th>
            </tr>
          </thead>
          <tbody>
            {known.map(({ point, s, all }) => (
              <tr key={point.source}>
                <th scope="row">{visible(point.name)}</th>
                <td>
                  {clockWords(point)}
                  {all.length > 1 && <span class="dim"> ({plural(all.length, "stretch")}: it drifts or was set)</span>}
                </td>
                <td class="clock-cell">
                  <svg width="100%" height="18" aria-hidden="true">
                    <line class="life" x1="50%" x2="50%" y1="0" y2="18" />
                    {s && (
                      <>
                        <line class="clock-error" x1={`${x(s.offset_ns - s.error_ns)}%`} x2={`${x(s.offset_ns + s.error_ns)}%`} y1="9" y2="9" />
                        <circle class="clock-at" cx={`${x(s.offset_ns)}%`} cy="9" r="4" />
                      </>
                    )}
                  </svg>
                </td>
                <td>{point.tick_ns ? duration(point.tick_ns) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Each pair of points, for those who want the numbers. */
function Pairs({ all, name }: { all: All; name: (source: number) => string }) {
  const rows = all.paths.flatMap((path) => (path.ways ?? []).filter((w) => w.from !== undefined).map((way) => ({ path, way, from: way.from!, to: way.from === path.a ? path.b : path.a })));
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>Pairs of points</h2>
      <Table
        caption="Packets between each pair of points"
        rows={rows}
        fields={[
          { id: "from", title: "from", by: (r) => r.from, cell: (r) => name(r.from) },
          { id: "to", title: "to", by: (r) => r.to, cell: (r) => name(r.to) },
          { id: "matched", title: "arrive", right: true, by: (r) => r.way.matched, cell: (r) => count(r.way.matched) },
          { id: "lost", title: "lost", right: true, by: (r) => r.way.lost, cell: (r) => (r.way.lost ? <span class="failed">✕ {count(r.way.lost)}</span> : "0") },
          { id: "min", title: "least delay", right: true, by: (r) => r.way.delay_min_ns ?? 0, cell: (r) => duration(r.way.delay_min_ns) },
          { id: "p50", title: "half", right: true, by: (r) => r.way.delay_p50_ns ?? 0, cell: (r) => duration(r.way.delay_p50_ns) },
          { id: "p95", title: "95 %", right: true, by: (r) => r.way.delay_p95_ns ?? 0, cell: (r) => duration(r.way.delay_p95_ns) },
          { id: "reordered", title: "reordered", right: true, by: (r) => r.way.reordered ?? 0, cell: (r) => count(r.way.reordered ?? 0) },
          { id: "conversations", title: "conversations", right: true, by: (r) => r.path.conversations, cell: (r) => count(r.path.conversations) },
          { id: "rewrites", title: "rewritten", cell: (r) => (r.path.rewrites ?? []).map((w) => `${w.field} ${visible(w.at_a)} → ${visible(w.at_b)}`).join("; ") },
        ]}
      />
    </section>
  );
}
