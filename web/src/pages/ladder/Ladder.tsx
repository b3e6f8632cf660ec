import "./ladder.css";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { isStatic } from "../../api";
import { useData } from "../../data";
import { clock, count, duration, plural, seconds, visible } from "../../format";
import { useKeys } from "../../keys";
import { FilterBar } from "../../parts/FilterBar";
import { ConversationLinks, FrameLink, sourceName } from "../../parts/Links";
import { Await, Empty } from "../../parts/States";
import { VirtualList, type ListHandle } from "../../parts/VirtualList";
import { Chooser } from "../../picture/Chooser";
import { link, navigate, patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Line as ReportLine } from "../../types";
import type { PageProps } from "../registry";
import { rungs, trouble, type Answer, type Line, type Message, type Route } from "./model";
import { HEIGHT, Rung, column } from "./Rung";

const LIMIT = 1000;
const HEADER = 44;
const SETTLE_MS = 200;

/** Who sent what to whom, time downwards. */
export function Ladder({ current, params }: PageProps) {
  const conversations = params.all("conversation");
  const filter = params.get("filter");
  const offset = params.number("offset") ?? 0;
  const answer = useData<Answer>(`cases/${current.id}/ladder`, { conversation: filter ? [] : conversations, filter, offset: offset || undefined, limit: LIMIT }, current.revision);
  const lost = answer.data?.messages.some((m) => m.lost_at?.length) ?? false;
  const report = useData<{ lines: ReportLine[] }>(lost ? `cases/${current.id}/report` : "", {}, current.revision).data;
  const routes = useMemo(() => (report?.lines.filter((line) => line.kind === "route") ?? []) as unknown as Route[], [report]);
  return (
    <div class="full ladder">
      <h1 class="unseen">Ladder</h1>
      <div class="bar">
        <Chooser caseID={current.id} revision={current.revision} conversation={filter ? undefined : params.number("conversation")} forget={["filter"]} />
        {!isStatic && <FilterBar value={filter} label="Or the packets of a display filter" apply={(next) => patchRoute({ filter: next, conversation: next ? undefined : conversations, offset: undefined, frame: undefined })} />}
      </div>
      <Await of={answer} what="getting the messages">
        {(data) =>
          data.messages.length === 0 ? (
            <Empty>No packet between hosts is in this ladder.</Empty>
          ) : (
            <Shown key={`${conversations} ${filter} ${offset}`} answer={data} routes={routes} frame={params.get("frame")} offset={offset} several={current.files.length > 1} />
          )
        }
      </Await>
    </div>
  );
}

interface Props {
  answer: Answer;
  routes: readonly Route[];
  frame: string;
  offset: number;
  several: boolean;
}

function Shown({ answer, routes, frame, offset, several }: Props) {
  const { hosts, messages } = answer;
  const rows = useMemo(() => rungs(messages, undefined), [messages]);
  const [selected, setSelected] = useState(() => find(messages, frame));
  const list = useRef<ListHandle>(null);
  const id = useId();
  const reveal = (i: number) => i >= 0 && list.current?.reveal(rows.lineOf[i]!);
  const select = (i: number) => {
    const to = Math.min(Math.max(i, 0), messages.length - 1);
    setSelected(to);
    reveal(to);
  };
  useEffect(() => {
    const i = find(messages, frame);
    if (i < 0) return;
    setSelected(i);
    const timer = setTimeout(() => reveal(i));
    return () => clearTimeout(timer);
  }, [frame, messages]);
  const chosen = messages[selected];
  useEffect(() => {
    if (!chosen) return;
    const timer = setTimeout(() => patchRoute({ frame: `${chosen.source}:${chosen.frame}` }, true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [chosen]);
  const open = (m: Message | undefined) => m && navigate(link("records", { frame: `${m.source}:${m.frame}` }));
  const bad = messages.filter((m) => trouble(m) !== "").length;
  const nextBad = () => {
    const i = messages.findIndex((m, k) => k > selected && trouble(m) !== "");
    select(i >= 0 ? i : messages.findIndex((m) => trouble(m) !== ""));
  };
  // The message before it is selected, and what follows it is in view.
  const silence = () => {
    if (!rows.longest) return;
    select(rows.longest.after);
    list.current?.reveal(rows.lineOf[rows.longest.after + 1]!);
  };
  useKeys("Ladder", [
    { key: "x", help: "the next message in trouble", run: nextBad },
    { key: "s", help: "the longest silence", run: () => silence() },
  ]);
  useStatus(`${count(messages.length)} of ${plural(answer.total, "message")}`);
  const keydown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return;
    const fits = list.current?.fits() ?? 10;
    const steps: Record<string, number> = { ArrowDown: selected + 1, j: selected + 1, ArrowUp: selected - 1, k: selected - 1, PageDown: selected + fits, PageUp: selected - fits, Home: 0, g: 0, End: messages.length - 1, G: messages.length - 1 };
    const to = steps[event.key];
    if (to !== undefined) select(to);
    else if (event.key === "Enter") open(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const text = (line: Line) => (line.is === "silence" ? `${duration(Math.round(line.ns))} of silence` : sentence(line.message, line.time, hosts));
  return (
    <>
      <p class="said-beside">
        {plural(answer.total, "message")} between {plural(hosts.length + (answer.more_hosts ?? 0), "host")}
        {rows.longest && (
          <>
            {" · longest silence "}
            <button type="button" class="plain" onClick={silence}>
              {duration(Math.round(rows.longest.ns))} after record {messages[rows.longest.after]!.frame}
            </button>
          </>
        )}
        {bad > 0 && (
          <>
            {" · "}
            <button type="button" class="plain failed" onClick={nextBad}>
              ✕ {plural(bad, "message")} in trouble
            </button>
          </>
        )}
        {answer.more_hosts ? ` · ${plural(answer.more_hosts, "host")} left out: narrow it with a filter` : ""}
        {answer.clock && <span class="dim"> · {visible(answer.clock)}</span>}
        {(offset > 0 || answer.total > messages.length) && (
          <>
            {` · messages ${count(offset + 1)} to ${count(offset + messages.length)} `}
            <button type="button" class="small" disabled={offset === 0} onClick={() => patchRoute({ offset: Math.max(offset - LIMIT, 0) || undefined, frame: undefined })}>
              ▲ earlier
            </button>{" "}
            <button type="button" class="small" disabled={offset + messages.length >= answer.total} onClick={() => patchRoute({ offset: offset + messages.length, frame: undefined })}>
              later ▼
            </button>
          </>
        )}
      </p>
      <VirtualList
        total={rows.lines.length}
        rowHeight={HEIGHT}
        handle={list}
        class="rungs"
        headerHeight={HEADER}
        header={
          <div class="rung-row rung-head" role="presentation">
            <span class="rung-time">time (s)</span>
            <div class="rung-hosts">
              {hosts.map((host, i) => (
                <span key={i} class="rung-host" style={{ left: `${column(i, hosts.length)}%`, maxWidth: `${96 / hosts.length}%` }} title={visible(host.name ?? host.address)}>
                  <strong>{visible(host.name || host.address)}</strong>
                  <span class="dim">{host.role || "host"}</span>
                </span>
              ))}
            </div>
          </div>
        }
        attributes={{ role: "listbox", "aria-label": "Messages, time downwards", "aria-activedescendant": chosen ? `${id}-${rows.lineOf[selected]}` : undefined, onKeyDown: keydown }}
        row={(n) => {
          const line = rows.lines[n]!;
          const is = line.is === "message";
          return (
            <div
              id={`${id}-${n}`}
              role="option"
              aria-selected={is && line.i === selected}
              class={`rung-row${is && line.i === selected ? " selected" : ""}${line.is === "silence" ? " silent" : ""}`}
              onClick={() => is && select(line.i)}
              onDblClick={() => is && open(line.message)}
            >
              <span class="unseen">{text(line)}</span>
              <span class="rung-time" aria-hidden="true">{is && line.time !== undefined ? seconds(BigInt(Math.round(line.time))) : is ? `#${line.message.frame}` : ""}</span>
              <Rung line={line} hosts={hosts.length} routes={routes} title={is ? text(line) : ""} />
            </div>
          );
        }}
      />
      {chosen && (
        <p class="said-beside rung-said">
          <FrameLink place={chosen} several={several} /> <strong>{visible(chosen.label)}</strong>
          {chosen.time !== undefined && <span> at {clock(chosen.time)} UTC</span>}
          {chosen.arrived !== undefined && <span>, came by at the last point at {clock(chosen.arrived)}</span>}
          {chosen.lost_at?.length ? <span class="failed"> · ✕ lost before {chosen.lost_at.map(sourceName).join(", ")}</span> : null}
          {chosen.analysis && <span class="dim"> · {visible(chosen.analysis)}</span>}
          {chosen.conversation !== undefined && (
            <>
              {" · conversation "}
              {chosen.conversation}: <ConversationLinks id={chosen.conversation} />
            </>
          )}
        </p>
      )}
    </>
  );
}

function find(messages: readonly Message[], frame: string): number {
  const [source, n] = frame.split(":").map(Number);
  return frame === "" ? -1 : messages.findIndex((m) => m.source === source && m.frame === n);
}

function sentence(m: Message, time: number | undefined, hosts: Answer["hosts"]): string {
  const name = (i: number) => visible(hosts[i]?.name || (hosts[i]?.address ?? ""));
  const bad = trouble(m);
  return `${time === undefined ? "" : `${seconds(BigInt(Math.round(time)))} s, `}record ${m.frame}, ${name(m.from)} to ${name(m.to)}: ${bad ? `${bad}: ` : ""}${visible(m.label)}`;
}
