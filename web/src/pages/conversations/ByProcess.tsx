import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../../api";
import { useData } from "../../data";
import { bytes, count, duration, owner, plural, visible } from "../../format";
import { Grid, type Column } from "../../parts/Grid";
import { Await } from "../../parts/States";
import { link, navigate, patchRoute, type Params } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Case, Conversation, Paged, Process } from "../../types";

/** A line of the tree: a process, or a conversation below it. */
type Item = { process: Process; key: string; conversation?: undefined } | { process: Process; key: string; conversation: Conversation | undefined };

const MOST = 1000;
const keyOf = (p: Process) => `${p.source}.${p.pid}.${(p["nth"] as number | undefined) ?? 0}`;

export function ByProcess({ current, params, choose }: { current: Case; params: Params; choose: (c: Conversation | undefined) => void }) {
  const sort = params.get("sort") || "bytes";
  const desc = params.get("sort") ? params.get("desc") === "1" : true;
  const all = useData<Paged<Process>>(`cases/${current.id}/processes`, { sort, desc, q: params.get("q"), limit: MOST }, current.revision);
  return <Await of={all} what="getting the processes">{(page) => <Tree current={current} params={params} page={page} choose={choose} order={{ column: sort, desc }} />}</Await>;
}

function Tree({ current, params, page, choose, order }: { current: Case; params: Params; page: Paged<Process>; choose: (c: Conversation | undefined) => void; order: { column: string; desc: boolean } }) {
  const idle = params.get("idle") === "1";
  const processes = useMemo(() => page.rows.filter((p) => idle || countOf(p) > 0), [page, idle]);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(processes.slice(0, 3).map(keyOf)));
  const [below, setBelow] = useState<ReadonlyMap<string, Conversation[]>>(new Map());
  const [selected, select] = useState(-1);

  useEffect(() => {
    for (const p of processes) {
      const key = keyOf(p);
      if (!open.has(key) || below.has(key) || !p.conversations?.length) continue;
      conversationsOf(current.id, p).then(
        (rows) => setBelow((old) => new Map(old).set(key, rows)),
        () => setBelow((old) => new Map(old).set(key, [])),
      );
    }
  }, [open, processes]);

  const items = useMemo(() => {
    const out: Item[] = [];
    for (const process of processes) {
      const key = keyOf(process);
      out.push({ process, key });
      if (open.has(key)) for (const conversation of below.get(key) ?? []) out.push({ process, key: `${key}/${conversation.id}`, conversation });
    }
    return out;
  }, [processes, open, below]);
  const item = items[selected];
  useEffect(() => choose(item?.conversation), [item]);
  useStatus(plural(processes.length, "process") + (page.total > page.rows.length ? ` of ${count(page.total)}` : ""));

  const expand = (one: Item, is: boolean) => {
    const next = new Set(open);
    if (is) next.add(one.key);
    else next.delete(one.key);
    setOpen(next);
  };
  const opens = (one: Item) => (one.conversation ? undefined : countOf(one.process) > 0 ? open.has(one.key) : undefined);
  const columns: Column<Item>[] = [
    {
      id: "name",
      title: "process, conversations",
      width: "2fr",
      least: 220,
      sort: true,
      cell: (one) =>
        one.conversation ? (
          <span class="below">
            <a href={link("records", { filter: `conv.id == ${one.conversation.id}` })} tabIndex={-1}>
              {one.conversation.id}
            </a>{" "}
            {one.conversation.proto} {visible(one.conversation.a.address)} → {visible(one.conversation.b.address)}
          </span>
        ) : (
          <>
            <span class="twist" aria-hidden="true" onMouseDown={(event) => (event.stopPropagation(), expand(one, !open.has(one.key)))}>
              {opens(one) === undefined ? "" : open.has(one.key) ? "▾" : "▸"}
            </span>
            <strong>{visible(owner(one.process))}</strong> <span class="dim">{visible(one.process.command_line ?? "")}</span>
          </>
        ),
    },
    { id: "conversations", title: "conversations", width: "126px", least: 120, right: true, sort: true, wide: true, cell: (one) => (one.conversation ? "" : count(countOf(one.process)) || "") },
    { id: "packets", title: "packets", width: "90px", least: 74, right: true, sort: true, cell: (one) => count(one.conversation?.packets ?? one.process.packets ?? 0) },
    { id: "bytes", title: "bytes", width: "90px", least: 74, right: true, sort: true, cell: (one) => bytes(one.conversation?.bytes ?? one.process.bytes ?? 0) },
    { id: "duration", title: "duration", width: "90px", least: 76, right: true, cell: (one) => duration(one.conversation?.duration_ns) },
    { id: "resent", title: "resent", width: "70px", least: 60, right: true, wide: true, cell: (one) => one.conversation?.retransmissions || "" },
    { id: "end", title: "end", width: "100px", least: 84, wide: true, cell: (one) => visible(one.conversation?.end ?? "") },
  ];
  return (
    <>
      {items.length === 0 && <p class="state">No process of the recording is known to own a conversation{params.get("q") ? " and is like that" : ""}. “All” has every conversation.</p>}
      <Grid
        label="Processes and their conversations"
        columns={columns}
        total={items.length}
        row={(i) => items[i]}
        selected={selected}
        onSelect={select}
        onOpen={(_, one) => (one.conversation ? navigate(link("records", { filter: `conv.id == ${one.conversation.id}` })) : expand(one, !open.has(one.key)))}
        tree={(one) => ({ level: one.conversation ? 2 : 1, expanded: opens(one) })}
        onExpand={expand}
        order={order}
        onOrder={(to) => patchRoute({ sort: to.column, desc: to.desc ? 1 : undefined })}
      />
      <div class="bar under">
        <label>
          <input type="checkbox" checked={idle} onChange={(event) => patchRoute({ idle: event.currentTarget.checked ? 1 : undefined })} /> also processes without conversations
        </label>
        {item && !item.conversation && (
          <span class="links">
            {visible(owner(item.process))}: <a href={link("timeline", { process: item.process.pid, source: item.process.source || undefined, nth: item.process["nth"] as number | undefined })}>timeline</a>{" "}
            <a href={link("records", { filter: `process.pid == ${item.process.pid}` })}>records</a>
          </span>
        )}
      </div>
    </>
  );
}

function countOf(p: Process): number {
  return (p["count"] as number | undefined) ?? p.conversations?.length ?? 0;
}

/** The conversations of a process, which the server finds by its name and number. */
async function conversationsOf(id: string, p: Process): Promise<Conversation[]> {
  const own = new Set(p.conversations);
  const { rows } = await get<Paged<Conversation>>(`cases/${id}/conversations`, { q: p.name ? owner(p) : String(p.pid), limit: MOST });
  return rows.filter((c) => own.has(c.id));
}
