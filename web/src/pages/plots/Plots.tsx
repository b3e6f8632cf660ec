import "./plots.css";
import { useMemo } from "preact/hooks";
import { isStatic } from "../../api";
import { useData } from "../../data";
import { visible } from "../../format";
import { useKeys } from "../../keys";
import { Await } from "../../parts/States";
import { Chooser, ends, useConversations } from "../../picture/Chooser";
import { PicturePlot } from "../../picture/PicturePlot";
import { thinned, type Picture, type Range } from "../../picture/series";
import { patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { PageProps } from "../registry";

interface Kind {
  id: string;
  title: string;
  /** Shows the data of one direction. */
  directed?: boolean;
  /** Of requests: a conversation need not be chosen. */
  requests?: boolean;
}

const kinds: readonly Kind[] = [
  { id: "tcptrace", title: "tcptrace", directed: true },
  { id: "stevens", title: "Stevens", directed: true },
  { id: "throughput", title: "Throughput" },
  { id: "rtt", title: "Round trip", directed: true },
  { id: "window", title: "Window and flight", directed: true },
  { id: "service", title: "Service time", requests: true },
  { id: "depth", title: "Open requests", requests: true },
];

/** "1.25" of the fragment as seconds; undefined for what is none. */
export function rangeOf(from: string, to: string): Range | undefined {
  const [a, b] = [Number(from), Number(to)];
  return from !== "" && to !== "" && Number.isFinite(a) && Number.isFinite(b) && b > a ? { from: a, to: b } : undefined;
}

export const setRange = (range: Range | undefined) => patchRoute({ from: range && range.from.toFixed(9), to: range && range.to.toFixed(9) }, true);

/** The part of a picture that is looked at, with more points where the whole has some left out. */
export function usePicture(path: string, query: Record<string, string | number | readonly string[] | undefined>, revision: number, range: Range | undefined) {
  const whole = useData<Picture>(path, query, revision);
  const closer = whole.data && range && !isStatic && thinned(whole.data);
  const part = useData<Picture>(closer ? path : "", closer ? { ...query, from: Math.max(range.from, 0).toFixed(6), to: range.to.toFixed(6) } : {}, revision);
  return { whole, picture: part.data ?? whole.data };
}

/** The graphs of TCP that tcptrace and Wireshark have, and those of requests. */
export function Plots({ current, params }: PageProps) {
  const kind = kinds.find((one) => one.id === params.get("kind")) ?? kinds[0]!;
  const conversation = params.number("conversation");
  const direction = params.get("direction");
  const range = useMemo(() => rangeOf(params.get("from"), params.get("to")), [params.get("from"), params.get("to")]);
  const { whole, picture } = usePicture(`cases/${current.id}/plot`, { kind: kind.id, conversation, direction: kind.directed ? direction : "" }, current.revision, range);
  const list = useConversations(current.id, current.revision);
  const chosen = list.find((c) => c.id === conversation);
  const turn = () => patchRoute({ direction: direction === "b" ? "a" : direction === "a" ? "b" : shownDirection(whole.data, chosen) === "a" ? "b" : "a", from: undefined, to: undefined });
  useKeys("Plots", [
    { key: "d", help: "the other direction", run: () => kind.directed && turn() },
    { key: "t", help: "the next kind of plot", run: () => patchRoute({ kind: kinds[(kinds.indexOf(kind) + 1) % kinds.length]!.id, from: undefined, to: undefined }) },
  ]);
  useStatus(whole.data?.title ?? "");
  return (
    <div class="full plots">
      <h1 class="unseen">Plots</h1>
      <div class="bar">
        <div class="plot-kinds" role="group" aria-label="Kind of plot">
          {kinds.map((one) => (
            <button key={one.id} type="button" aria-pressed={one === kind} onClick={() => patchRoute({ kind: one.id, from: undefined, to: undefined })}>
              {one.title}
            </button>
          ))}
        </div>
        <Chooser caseID={current.id} revision={current.revision} conversation={conversation} forget={["direction", "from", "to"]} />
        {kind.directed && (
          <button type="button" onClick={turn} title="key d">
            ⇄ Other direction
          </button>
        )}
      </div>
      <Await of={whole} what="making the plot">
        {(all) => (
          <>
            <p class="said-beside">
              <strong>{visible(all.title)}</strong> <span class="dim">{visible(all.subtitle || (chosen ? ends(chosen) : ""))}</span>
            </p>
            <PicturePlot key={`${kind.id} ${conversation} ${direction}`} whole={all} picture={picture ?? all} range={range} onRange={setRange} several={current.files.length > 1} />
          </>
        )}
      </Await>
    </div>
  );
}

/** Whose data is shown when nobody chose: the subtitle names its sender first. */
function shownDirection(picture: Picture | undefined, c: { a: { address: string } } | undefined): "a" | "b" {
  if (!c || !picture?.subtitle) return "a";
  return picture.subtitle.startsWith(`data from ${c.a.address} to`) ? "a" : "b";
}
