import "./io.css";
import { useMemo } from "preact/hooks";
import { isStatic } from "../../api";
import { visible } from "../../format";
import { FilterBar } from "../../parts/FilterBar";
import { Await } from "../../parts/States";
import { movingAverage } from "../../picture/average";
import { PicturePlot } from "../../picture/PicturePlot";
import type { Picture } from "../../picture/series";
import { patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import { rangeOf, setRange, usePicture } from "../plots/Plots";
import type { PageProps } from "../registry";

const intervals: readonly [string, string][] = [
  ["", "an interval that fits"],
  ["0.001", "1 ms"],
  ["0.01", "10 ms"],
  ["0.1", "100 ms"],
  ["1", "1 s"],
  ["10", "10 s"],
  ["60", "1 min"],
];
const units: readonly [string, string][] = [
  ["", "packets"],
  ["bytes", "bytes"],
  ["bits", "bits a second"],
];
const averages = [1, 3, 5, 10, 20, 50, 100];
const MOST = 8;

/** Packets, bytes or bits over time, a line for each filter. */
export function IO({ current, params }: PageProps) {
  const filters = params.all("filter");
  const average = params.number("average") ?? 1;
  const range = useMemo(() => rangeOf(params.get("from"), params.get("to")), [params.get("from"), params.get("to")]);
  const { whole, picture } = usePicture(`cases/${current.id}/io`, { filter: filters, interval: params.get("interval"), unit: params.get("unit") }, current.revision, range);
  const smooth = useMemo(() => picture && averaged(picture, average), [picture, average]);
  useStatus(whole.data?.title ?? "");
  const set = (i: number, filter: string) => {
    const next = [...filters];
    if (filter) next[i] = filter;
    else next.splice(i, 1);
    patchRoute({ filter: next });
  };
  const choice = (name: string, label: string, list: readonly [string, string][]) => (
    <label>
      <span class="unseen">{label}</span>
      <select aria-label={label} value={params.get(name)} onChange={(event) => patchRoute({ [name]: event.currentTarget.value })}>
        {list.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div class="full io">
      <h1 class="unseen">IO graph</h1>
      <div class="bar">
        {!isStatic && choice("unit", "Unit", units)}
        {!isStatic && choice("interval", "Interval", intervals)}
        <label>
          <span class="dim">Average of </span>
          <select value={String(average)} onChange={(event) => patchRoute({ average: event.currentTarget.value === "1" ? undefined : event.currentTarget.value })}>
            {averages.map((n) => (
              <option key={n} value={String(n)}>
                {n === 1 ? "1 interval (none)" : `${n} intervals`}
              </option>
            ))}
          </select>
        </label>
      </div>
      {!isStatic && (
        <div class="io-filters">
          {[...filters, ...(filters.length < MOST ? [""] : [])].map((filter, i) => (
            <div key={i < filters.length ? `${i} ${filter}` : "new"} class="io-filter">
              <FilterBar value={filter} apply={(next) => set(i, next)} keys={i === filters.length} label={i < filters.length ? `Filter of line ${i + 1}` : "Filter of another line"} />
              {i < filters.length && (
                <button type="button" class="small" onClick={() => set(i, "")} aria-label={`Remove the line of ${filter}`}>
                  ✕
                </button>
              )}
            </div>
          ))}
        </div>
      )}
      <Await of={whole} what="counting">
        {(all) => (
          <>
            <p class="said-beside">
              <strong>{visible(all.title)}</strong> <span class="dim">{visible(all.subtitle ?? "")}</span>
            </p>
            <PicturePlot whole={all} picture={smooth ?? all} range={range} onRange={setRange} several={current.files.length > 1} />
          </>
        )}
      </Await>
    </div>
  );
}

function averaged(picture: Picture, n: number): Picture {
  if (n <= 1) return picture;
  return { ...picture, panels: picture.panels.map((panel) => ({ ...panel, series: panel.series.map((s) => (s.shape === "letters" ? s : { ...s, y: movingAverage(s.y, n) })) })) };
}
