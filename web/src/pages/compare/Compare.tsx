import "./compare.css";
import { useMemo } from "preact/hooks";
import { APIError, isStatic } from "../../api";
import { useData } from "../../data";
import { bytes, clock, count, duration, percent, visible } from "../../format";
import { FrameLink, sourceName } from "../../parts/Links";
import { Await, Empty } from "../../parts/States";
import { Table } from "../../parts/Table";
import { patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Case, Line } from "../../types";
import type { PageProps } from "../registry";
import { comparedOf, rateOf, stages, type Compared, type Run, type WorkShare } from "./model";
import { Waterfall } from "./Waterfall";

/** Why one run of the same work is slower than another. */
export function Compare({ current, params }: PageProps) {
  const slow = params.number("slow") ?? 0;
  const good = params.number("good") ?? (slow === 1 ? 0 : 1);
  const possible = current.files.length > 1 || isStatic;
  // What the server takes by itself is left out, as in the addresses of a static report.
  const answer = useData<{ lines: Line[] }>(possible ? `cases/${current.id}/compare` : "", { slow: slow || undefined, good: good === 1 ? undefined : good }, current.revision);
  const compared = useMemo(() => answer.data && comparedOf(answer.data.lines), [answer.data]);
  useStatus(compared?.comparison ? `ratio ${compared.comparison.ratio.toPrecision(3)}` : "");
  return (
    <div class="page compare">
      <h1>Compare two runs</h1>
      {possible && !isStatic && <Choice current={current} slow={slow} good={good} />}
      {!possible ? (
        <Empty>This needs two captures of the same work, one slow and one good: open both together.</Empty>
      ) : answer.error instanceof APIError && answer.error.status === 409 ? (
        <Empty>
          These two are not compared: {visible(answer.error.message)}
          {answer.error.suggestion ? `; ${visible(answer.error.suggestion)}` : ""}.
        </Empty>
      ) : (
        <Await of={{ ...answer, data: compared }} what="comparing the runs">
          {(data) => <Shown data={data} sources={{ slow, good }} />}
        </Await>
      )}
    </div>
  );
}

function Choice({ current, slow, good }: { current: Case; slow: number; good: number }) {
  const pick = (label: string, name: "slow" | "good", value: number, other: number) => (
    <label>
      {label}{" "}
      <select
        value={String(value)}
        onChange={(event) => {
          const to = Number(event.currentTarget.value);
          // The one that was the other takes its place.
          patchRoute({ slow: name === "slow" ? to : to === slow ? good : slow, good: name === "good" ? to : to === good ? slow : good });
        }}
      >
        {current.files.map((file, i) => (
          <option key={i} value={String(i)}>
            {sourceName(i)}: {visible(file.name)}
            {i === other ? " (other)" : ""}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <p class="compare-choice">
      {pick("slow run", "slow", slow, good)} {pick("good run", "good", good, slow)}{" "}
      <button type="button" onClick={() => patchRoute({ slow: good, good: slow })}>
        ⇄ Swap
      </button>
    </p>
  );
}

function Shown({ data, sources }: { data: Compared; sources: { slow: number; good: number } }) {
  const { comparison, finding, runs, factors, whatIfs, work } = data;
  if (!comparison) return <Empty>Nothing was compared.</Empty>;
  const most = Math.max(...runs.map((r) => r.rate), ...whatIfs.map((w) => w.rate));
  const slow = runs.find((r) => r.run === "slow");
  return (
    <>
      <p class="compare-said">{finding ? visible(finding.summary) : `the rates differ by a factor of ${comparison.ratio.toPrecision(4)}`}</p>
      <div class="runs">
        {runs.map((run) => (
          <RunCard key={run.run} run={run} most={most} unit={comparison.unit} source={sources[run.run]} />
        ))}
      </div>
      <ul class="stages">
        {stages
          .filter((s) => runs.some((r) => r[s.key] > 0))
          .map((s) => (
            <li key={s.key}>
              <span class="stage-box" style={{ background: s.color }} aria-hidden="true" /> {stages.indexOf(s) + 1} {s.title}
            </li>
          ))}
      </ul>
      <Waterfall factors={factors} ratio={comparison.ratio} unit={comparison.unit} />
      {finding?.fix && finding.fix.length > 0 && (
        <section>
          <h2>What to do</h2>
          <ul>
            {finding.fix.map((text, i) => (
              <li key={i}>→ {visible(text)}</li>
            ))}
          </ul>
        </section>
      )}
      {whatIfs.length > 0 && (
        <section>
          <h2>What if</h2>
          <Table
            caption="Rates that the slow run would have if something were different"
            rows={slow ? [{ change: "as it is", size: slow.requests ? slow.bytes / slow.requests : 0, depth: slow.depth, rate: slow.rate }, ...whatIfs] : whatIfs}
            fields={[
              { id: "change", title: "if", cell: (w) => <span title={meanings[w.change]}>{w.change}</span> },
              { id: "size", title: "request", right: true, cell: (w) => bytes(Math.round(w.size)) },
              { id: "depth", title: "open", right: true, cell: (w) => w.depth ?? "" },
              { id: "rate", title: "rate", right: true, by: (w) => w.rate, cell: (w) => rateOf(w.rate, comparison.unit) },
              { id: "bar", title: "", cell: (w) => <Bar share={w.rate / most} /> },
            ]}
          />
        </section>
      )}
      {work.length > 0 && (
        <section>
          <h2>What was asked</h2>
          <Table
            caption="Work of both runs"
            rows={work}
            fields={[
              { id: "command", title: "command", by: (w) => w.command, cell: (w) => visible(w.command) },
              { id: "name", title: "of", cell: (w) => visible(w.slow?.name ?? w.good?.name ?? "") },
              { id: "slow", title: "slow: requests", right: true, by: (w) => w.slow?.requests ?? 0, cell: (w) => share(w.slow) },
              { id: "slowbytes", title: "slow: content", right: true, by: (w) => w.slow?.bytes ?? 0, cell: (w) => bytes(w.slow?.bytes) },
              { id: "good", title: "good: requests", right: true, by: (w) => w.good?.requests ?? 0, cell: (w) => share(w.good) },
              { id: "goodbytes", title: "good: content", right: true, by: (w) => w.good?.bytes ?? 0, cell: (w) => bytes(w.good?.bytes) },
              { id: "common", title: "same places", right: true, by: (w) => w.common_bytes, cell: (w) => bytes(w.common_bytes) },
            ]}
          />
        </section>
      )}
      {comparison.notes?.map((note) => (
        <p key={note} class="dim">
          {visible(note)}
        </p>
      ))}
    </>
  );
}

const meanings: Record<string, string> = {
  ceiling: "something always on its way",
  filling: "the depth that this takes",
  "good requests": "size and depth of the good run",
};

const share = (of: WorkShare | undefined) => (of ? count(of.requests) : "–");

function Bar({ share: of }: { share: number }) {
  return (
    <span class="rate-bar" aria-hidden="true">
      <span style={{ width: `${Math.max(Math.min(of, 1) * 100, 0.5)}%` }} />
    </span>
  );
}

function RunCard({ run, most, unit, source }: { run: Run; most: number; unit: string; source: number }) {
  const shown = stages.filter((s) => run[s.key] > 0);
  return (
    <section class={`run ${run.run}`} aria-label={`${run.run} run`}>
      <h2>
        {run.run === "slow" ? "▼ slow run" : "▲ good run"}: {rateOf(run.rate, unit)}
      </h2>
      <Bar share={run.rate / most} />
      <div class="run-time" role="img" aria-label={shown.map((s) => `${s.title} ${percent(run[s.key], run.time_ns)}`).join(", ")}>
        {stages.map((s, i) =>
          run[s.key] > 0 ? (
            <span key={s.key} style={{ width: `${(100 * run[s.key]) / Math.max(run.time_ns, 1)}%`, background: s.color }} title={`${s.title}: ${duration(run[s.key])}, ${percent(run[s.key], run.time_ns)}`}>
              {run[s.key] / run.time_ns > 0.08 && (
                <span class="run-share">
                  {i + 1}: {percent(run[s.key], run.time_ns)}
                </span>
              )}
            </span>
          ) : null,
        )}
      </div>
      <dl>
        <Value name="time">
          {duration(run.time_ns)}, from {clock(run.from_time, 3)} UTC, {run.steady ? "full cycles of questions" : "all of it"}
        </Value>
        <Value name="records">
          <FrameLink place={{ source, frame: run.from_frame }} several /> to <FrameLink place={{ source, frame: run.to_frame }} several />
        </Value>
        <Value name="moved">
          {bytes(run.bytes)} in {count(run.requests)} requests of {bytes(run.requests ? Math.round(run.bytes / run.requests) : 0)}
        </Value>
        <Value name="open at once">{run.depth}</Value>
        {run.service && (
          <Value name="service">
            {duration(run.service.median_ns)} usual, 95 % {duration(run.service.p95_ns)}, most {duration(run.service.max_ns)}
          </Value>
        )}
        {run.round_trip_ns !== undefined && <Value name="round trip">{duration(run.round_trip_ns)}</Value>}
      </dl>
    </section>
  );
}

function Value({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
