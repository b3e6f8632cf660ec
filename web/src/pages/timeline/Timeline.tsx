import "./timeline.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useData } from "../../data";
import { count, duration, plural, seconds, visible } from "../../format";
import { useKeys } from "../../keys";
import { Grid, type Column, type GridHandle } from "../../parts/Grid";
import { sourceName } from "../../parts/Links";
import { Split } from "../../parts/Split";
import { Await, Empty } from "../../parts/States";
import { Chooser } from "../../picture/Chooser";
import { pan, reveal, within, zoom, type Extent } from "../../picture/extent";
import { SignMark } from "../../picture/SignMark";
import { link, navigate, patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { PageProps } from "../registry";
import { LEAST, Lanes } from "./Lanes";
import { places as placesOf } from "./layout";
import { arrowsOf, longest, model as modelOf, remarks, type Answer, type Entry, type Model } from "./model";

const LIMIT = 1000;
const SETTLE_MS = 200;

const gaps: readonly [string, string][] = [
  ["", "silences that are unusual"],
  ["1000", "silences over 1 µs"],
  ["1000000", "silences over 1 ms"],
  ["10000000", "silences over 10 ms"],
  ["100000000", "silences over 100 ms"],
  ["1000000000", "silences over 1 s"],
  ["none", "no silences"],
];

/** What applications called, what stacks did and what was on the wire, of one conversation or process. */
export function Timeline({ current, params }: PageProps) {
  const conversation = params.number("conversation");
  const process = params.get("process");
  const offset = params.number("offset") ?? 0;
  const answer = useData<Answer>(
    `cases/${current.id}/timeline`,
    { conversation, process, source: params.get("source"), nth: params.get("nth"), offset: offset || undefined, limit: LIMIT },
    current.revision,
  );
  return (
    <div class="full timeline">
      <h1 class="unseen">Timeline</h1>
      <div class="bar">
        <Chooser caseID={current.id} revision={current.revision} conversation={conversation} process={process} processes forget={["from", "to"]} />
        <label>
          <span class="dim">Shorten </span>
          <select value={params.get("gap")} onChange={(event) => patchRoute({ gap: event.currentTarget.value, from: undefined, to: undefined })}>
            {gaps.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <span class="key">
          <span>
            <SignMark sign="diamond" color="var(--application)" /> application call
          </span>
          <span>
            <SignMark sign="square" color="var(--stack)" /> stack event
          </span>
          <span>
            <SignMark sign="right" color="var(--wire)" />
            <SignMark sign="left" color="var(--wire)" /> packet
          </span>
        </span>
      </div>
      <Await of={answer} what="getting the timeline">
        {(data) =>
          data.rows.length === 0 ? <Empty>Nothing is in this timeline.</Empty> : <Shown key={`${conversation} ${process} ${offset}`} answer={data} gap={params.get("gap")} frame={params.get("frame")} range={[params.get("from"), params.get("to")]} offset={offset} several={current.files.length > 1} />
        }
      </Await>
    </div>
  );
}

interface ShownProps {
  answer: Answer;
  gap: string;
  frame: string;
  range: [string, string];
  offset: number;
  several: boolean;
}

function Shown({ answer, gap, frame, range, offset, several }: ShownProps) {
  const model = useMemo(() => modelOf(answer), [answer]);
  const limit = gap === "none" ? Infinity : gap === "" ? undefined : Number(gap);
  const places = useMemo(() => placesOf(model, limit), [model, limit]);
  const [view, setView] = useState<Extent>(() => rangeOf(range, places.whole));
  const [selected, setSelected] = useState(() => find(model, frame));
  const grid = useRef<GridHandle>(null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else setView(places.whole);
  }, [places]);
  useEffect(() => {
    const i = find(model, frame);
    if (i >= 0 && i !== selected) select(i);
  }, [frame, model]);
  const select = (i: number) => {
    setSelected(i);
    if (i >= 0) setView((old) => reveal(old, places.at[i]!, places.whole));
  };
  // The fragment follows what is seen once it rests.
  useEffect(() => {
    const timer = setTimeout(() => {
      const row = model.entries[selected]?.row;
      const whole = view.from === places.whole.from && view.to === places.whole.to;
      patchRoute({ frame: row ? `${row.source}:${row.frame}` : frame || undefined, from: whole ? undefined : Math.round(view.from), to: whole ? undefined : Math.round(view.to) }, true);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [selected, view]);
  const middle = () => (selected >= 0 && places.at[selected]! >= view.from && places.at[selected]! <= view.to ? places.at[selected]! : (view.from + view.to) / 2);
  const by = (share: number) => setView(pan(view, share * (view.to - view.from), places.whole));
  const record = () => {
    const row = model.entries[selected]?.row;
    if (row) navigate(link("records", { frame: `${row.source}:${row.frame}` }));
  };
  const follow = () => {
    const arrows = arrowsOf(model, selected);
    const next = arrows.find((a) => a.from === selected) ?? arrows[0];
    if (next) select(next.from === selected ? next.to : next.from);
  };
  useKeys("Timeline", [
    { key: "+", help: "look closer", run: () => setView(zoom(view, 0.6, middle(), places.whole, LEAST)) },
    { key: "=", help: "", run: () => setView(zoom(view, 0.6, middle(), places.whole, LEAST)) },
    { key: "-", help: "look from farther away", run: () => setView(zoom(view, 1 / 0.6, middle(), places.whole, LEAST)) },
    { key: "0", help: "all of it", run: () => setView(places.whole) },
    { key: "arrowleft", help: "earlier", run: () => by(-0.2) },
    { key: "arrowright", help: "later", run: () => by(0.2) },
    { key: "[", help: "the record before", run: () => select(Math.max(selected - 1, 0)) },
    { key: "]", help: "the next record", run: () => select(Math.min(selected + 1, model.entries.length - 1)) },
    { key: "a", help: "go along the arrow of the record", run: follow },
    { key: "enter", help: "open the record in the list of all", run: record },
  ]);
  const silence = longest(model);
  const bad = model.entries.filter((e) => e.remark !== "" && remarks[e.remark].bad).length;
  const label = `${answer.title}: ${plural(answer.total, "record")} in ${plural(model.lanes.length, "lane")}${silence ? `; the longest silence is ${duration(silence.ns)}, after record ${model.entries[silence.after]!.row.frame}` : ""}; the list beside has all of it`;
  useStatus(`${count(model.entries.length)} of ${plural(answer.total, "record")}`);
  return (
    <>
      <p class="said-beside">
        <strong>{visible(answer.title)}</strong>
        {silence && (
          <>
            {" · longest silence "}
            <button type="button" class="plain" onClick={() => select(silence.after)}>
              {duration(silence.ns)} after record {model.entries[silence.after]!.row.frame}
            </button>
          </>
        )}
        {bad > 0 && (
          <>
            {" · "}
            <button type="button" class="plain failed" onClick={() => select(nextBad(model, selected))}>
              ✕ {plural(bad, "mark")} of trouble
            </button>
          </>
        )}
        {answer.clock && <span class="dim"> · {visible(answer.clock)}</span>}
        {answer.total > model.entries.length && <Pager offset={offset} shown={model.entries.length} total={answer.total} />}
      </p>
      <div class="timeline-body">
        <Split name="timeline" label="Height of the picture" direction="rows" share={62}>
          <Lanes label={label} model={model} places={places} view={view} onView={(v) => setView(within(v, places.whole, LEAST))} selected={selected} onSelect={select} several={several} />
          <Grid label="Records of the timeline" columns={columns(model, several)} total={model.entries.length} row={(i) => model.entries[i]} selected={selected} onSelect={select} onOpen={record} rowClass={(e) => `lane-${e.row.lane}${e.remark !== "" && remarks[e.remark].bad ? " bad" : ""}`} handle={grid} />
        </Split>
      </div>
    </>
  );
}

function rangeOf([from, to]: [string, string], whole: Extent): Extent {
  const [a, b] = [Number(from), Number(to)];
  return from !== "" && to !== "" && b > a ? within({ from: a, to: b }, whole, LEAST) : whole;
}

function find(model: Model, frame: string): number {
  const [source, n] = frame.split(":").map(Number);
  return frame === "" ? -1 : model.entries.findIndex((e) => e.row.source === source && e.row.frame === n);
}

function nextBad(model: Model, after: number): number {
  const is = (e: Entry) => e.remark !== "" && remarks[e.remark].bad;
  const i = model.entries.findIndex((e, k) => k > after && is(e));
  return i >= 0 ? i : model.entries.findIndex(is);
}

function Pager({ offset, shown, total }: { offset: number; shown: number; total: number }) {
  const go = (to: number) => patchRoute({ offset: to || undefined, from: undefined, to: undefined, frame: undefined });
  return (
    <span class="pager">
      {" · records "}
      {count(offset + 1)} to {count(offset + shown)} of {count(total)}{" "}
      <button type="button" class="small" disabled={offset === 0} onClick={() => go(Math.max(offset - LIMIT, 0))}>
        ◀ earlier
      </button>{" "}
      <button type="button" class="small" disabled={offset + shown >= total} onClick={() => go(offset + shown)}>
        later ▶
      </button>
    </span>
  );
}

const laneSigns = { application: "◆", stack: "■", wire: "" } as const;

function laneSign(e: Entry): string {
  return e.row.lane === "wire" ? (e.direction === 1 ? "◀" : "▶") : laneSigns[e.row.lane as "stack"];
}

function columns(model: Model, several: boolean): Column<Entry>[] {
  return [
    { id: "frame", title: "record", width: several ? "86px" : "70px", least: 60, right: true, cell: (e) => (several ? sourceName(e.row.source) + ":" : "") + e.row.frame },
    { id: "time", title: "time (s)", width: "96px", least: 84, right: true, cell: (e) => (model.timed ? seconds(BigInt(Math.round(e.time))) : "") },
    { id: "since", title: "since the one before", width: "110px", least: 80, right: true, wide: true, cell: (e, i) => (model.timed && i > 0 ? duration(Math.round(e.time - model.entries[i - 1]!.time)) : "") },
    { id: "lane", title: "lane", width: "120px", least: 112, cell: (e) => <span class={`lane-name ${e.row.lane}`}>{laneSign(e)} {e.row.lane}</span> },
    { id: "remark", title: "remark", width: "124px", least: 90, wide: true, cell: (e) => (e.remark === "" ? "" : <span class={remarks[e.remark].bad ? "failed" : ""}>{remarks[e.remark].letter} {remarks[e.remark].word}</span>) },
    { id: "info", title: "what", width: "1fr", least: 200, cell: (e) => <span title={visible(e.row.info)}>{visible(e.row.info)}</span> },
  ];
}
