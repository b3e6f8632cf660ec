import "./records.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, isStatic } from "../../api";
import { useData, usePages } from "../../data";
import { count, nanoseconds, visible } from "../../format";
import { useKeys } from "../../keys";
import { copy } from "../../parts/Copy";
import { FilterBar, remember } from "../../parts/FilterBar";
import { Grid, type Column, type GridHandle } from "../../parts/Grid";
import { sourceName } from "../../parts/Links";
import { Menu, type MenuItem, type MenuState } from "../../parts/Menu";
import { Split } from "../../parts/Split";
import { Failed, Loading } from "../../parts/States";
import { link, navigate, patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import { store, stored } from "../../stored";
import type { ListRow, Node, Paged } from "../../types";
import type { PageProps } from "../registry";
import { Ask } from "./Ask";
import { clocks, columns, rowClass, type Clock } from "./columns";
import { addressFilter, equals, joined, type How } from "./filters";
import { nearest, parsePlace, place, searchFilter } from "./jump";
import { Record } from "./Record";

const SETTLE_MS = 150;

const frameOf = (row: { source: number; frame: number }) => `${row.source}:${row.frame}`;

/** The three panes: the list of all records, the details of one, its bytes. */
export function Records({ current, params }: PageProps) {
  const filter = params.get("filter");
  const frame = params.get("frame");
  const pages = usePages<ListRow>(`cases/${current.id}/rows`, { filter });
  const [wanted, select] = useState(-1);
  // A place behind the end is that of the last record.
  const selected = pages.complete ? Math.min(wanted, pages.total - 1) : wanted;
  const [clock, setClock] = useState<Clock>(() => (stored("clock") as Clock) || "since");
  const [menu, setMenu] = useState<MenuState>();
  const [asking, ask] = useState<"frame" | "find">();
  const [said, say] = useState("");
  const [sought, seek] = useState("");
  const grid = useRef<GridHandle>(null);
  const row = selected >= 0 ? pages.row(selected) : undefined;
  const several = current.files.length > 1;
  const owners = useRef(false);
  owners.current ||= pages.some((one) => one.process !== undefined);
  const first = useData<Paged<ListRow>>(`cases/${current.id}/rows`, { limit: 1 }).data?.rows[0];

  // The view that is open says which record is chosen; one that was chosen here is there already.
  const written = useRef("");
  const placed = useRef("");
  useEffect(() => {
    const at = parsePlace(frame);
    const key = `${frame} ${filter}`;
    if (!at || (frame === written.current && placed.current === key)) {
      if (!at && placed.current !== key) select(-1);
      placed.current = key;
      return;
    }
    placed.current = key;
    const controller = new AbortController();
    place(current.id, at, filter, controller.signal).then(
      ({ offset }) => {
        say("");
        select(offset);
        grid.current?.reveal(offset);
      },
      (error: Error) => controller.signal.aborted || say(error.message),
    );
    return () => controller.abort();
  }, [frame, filter, current.id]);

  // The fragment follows the selection once it rests, without a step of the history for each row.
  useEffect(() => {
    if (!row || frameOf(row) === frame) return;
    const timer = setTimeout(() => {
      written.current = frameOf(row);
      placed.current = `${written.current} ${filter}`;
      patchRoute({ frame: written.current }, true);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [row && frameOf(row)]);

  const apply = (next: string) => {
    say("");
    remember(next);
    patchRoute({ filter: next });
  };
  const go = async (to: Promise<ListRow | undefined>, none: string) => {
    try {
      say("…");
      const found = await to;
      say(found ? "" : none);
      if (!found) return;
      const { offset } = await place(current.id, found, filter);
      select(offset);
    } catch (error) {
      say((error as Error).message);
    }
  };
  const both = (one: string) => joined(filter, "and", one);
  const inConversation = (forward: boolean) => {
    if (row?.conversation === undefined || row.conversation < 0) return say("this record is of no conversation");
    void go(nearest(current.id, row, both(`conv.id == ${row.conversation}`), forward), `no ${forward ? "later" : "earlier"} record of this conversation`);
  };
  const find = async (text: string, forward: boolean) => {
    if (!text || !row) return;
    seek(text);
    void go(searchFilter(text).then((one) => nearest(current.id, row, both(one), forward)), `not found ${forward ? "below" : "above"}`);
  };
  useKeys("Records", [
    { key: "ctrl+g", help: "go to a record by its number", run: () => ask("frame"), always: true },
    { key: "ctrl+f", help: "find a text or what a filter names", run: () => ask("find"), always: true },
    { key: "n", help: "find the next", run: () => void find(sought, true) },
    { key: "shift+n", help: "find the previous", run: () => void find(sought, false) },
    { key: "ctrl+.", help: "next record of the conversation", run: () => inConversation(true) },
    { key: "ctrl+,", help: "previous record of the conversation", run: () => inConversation(false) },
  ]);
  useStatus(pages.loaded ? `${count(pages.total)}${pages.complete ? "" : " so far"}${filter ? ` of ${count(current.records)}` : ""} shown${said ? ` · ${said}` : ""}` : said);

  const list = useMemo(
    () => columns({ clock, base: nanoseconds(first?.time), before: (i) => pages.row(i), several, owners: owners.current, timed: !first || first.time != null }),
    [clock, first, pages, several, owners.current],
  );
  const filterItems = (one: string): MenuItem[] => {
    const hows: [How, string][] = [["apply", "Apply as filter"], ["not", "Apply as filter: not"], ["and", "… and this"], ["or", "… or this"], ["and not", "… and not this"]];
    return [...hows.slice(0, filter ? 5 : 2).map(([how, label]) => ({ label, run: () => apply(joined(filter, how, one)) })), { label: "Copy as filter", run: () => void copy(one) }];
  };
  const rowMenu = (at: { x: number; y: number }, of: ListRow, column: Column<ListRow> | undefined) => {
    const one = column ? cellFilter(of, column.id) : "";
    const items: MenuItem[] = one && !isStatic ? filterItems(one) : [];
    if (of.conversation !== undefined && of.conversation >= 0) {
      const id = of.conversation;
      if (!isStatic) items.push({ label: "Filter: this conversation", run: () => apply(`conv.id == ${id}`) });
      for (const [page, label] of [["follow", "Follow"], ["timeline", "Timeline"], ["ladder", "Ladder"], ["plots", "Plots"]] as const) items.push({ label: `${label} of this conversation`, run: () => navigate(link(page, { conversation: id })) });
    }
    if (!column && !isStatic) for (const side of ["src", "dst"] as const) {
      const of1 = addressFilter(of[side] ?? "", side);
      if (of1) items.push({ label: `Filter: ${of1}`, run: () => apply(of1) });
    }
    items.push({ label: "Copy the row", run: () => void copy([of.frame, of.src, of.dst, of.protocol, of.length, of.info].join("\t")) });
    setMenu({ ...at, title: one || `Record ${several ? sourceName(of.source) + ":" : ""}${of.frame}`, items });
  };
  const nodeMenu = (at: { x: number; y: number }, node: Node) => {
    const one = node.filter ?? (node.name ? equals(node.name, node.value, node.length) : "");
    const items = one && !isStatic ? filterItems(one) : [];
    items.push({ label: "Copy the value", run: () => void copy(node.value ?? node.label) }, { label: "Copy the line", run: () => void copy(node.label) });
    setMenu({ ...at, title: one || node.label, items });
  };

  return (
    <div class="full records">
      <h1 class="unseen">Records</h1>
      <div class="bar">
        <FilterBar value={filter} apply={apply} />
        <label class="clock">
          <span class="unseen">Time</span>
          <select
            value={clock}
            aria-label="Time"
            onChange={(event) => {
              setClock(event.currentTarget.value as Clock);
              store("clock", event.currentTarget.value);
            }}
          >
            {clocks.map((c) => (
              <option key={c.id} value={c.id}>
                Time {c.title}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="small" onClick={() => ask("frame")} title="Ctrl+G">
          Go to…
        </button>
        <button type="button" class="small" onClick={() => ask("find")} title="Ctrl+F">
          Find…
        </button>
      </div>
      {asking === "frame" && <Ask label="Number of the record" hint={several ? "such as a:95534" : "such as 95534"} run={(text) => goTo(text)} close={() => ask(undefined)} />}
      {asking === "find" && <Ask label="Text, or a display filter" hint="text or filter" value={sought} run={(text) => void find(text, true)} back={(text) => void find(text, false)} close={() => ask(undefined)} stay />}
      <Split name="records" label="Height of the list" direction="rows" share={55}>
        <div class="pane">
          {pages.error && !pages.loaded ? (
            <Failed error={pages.error} />
          ) : !pages.loaded ? (
            <Loading what={filter ? "filtering" : "getting the records"} />
          ) : (
            <>
              {pages.total === 0 && (
                <p class="state" role="status">
                  {pages.complete ? (filter ? "No record passes this filter." : "There are no records.") : filter ? "Filtering…" : "Reading…"}
                </p>
              )}
              <Grid label="Records" columns={list} total={pages.total} row={(i) => pages.row(i)} selected={selected} onSelect={(i) => select(i)} onOpen={() => document.querySelector<HTMLElement>(".details")?.focus()} onMenu={rowMenu} rowClass={rowClass} handle={grid} />
            </>
          )}
        </div>
        <Record id={current.id} row={row} menu={nodeMenu} />
      </Split>
      {menu && <Menu menu={menu} close={() => setMenu(undefined)} />}
    </div>
  );

  function goTo(text: string) {
    const at = parsePlace(text);
    if (!at) return say(`${visible(text)} is no number of a record`);
    void go(get<Paged<ListRow>>(`cases/${current.id}/place`, { ...at }).then(() => ({ ...at }) as ListRow), "");
  }
}

/** The filter that a cell of the list stands for. */
function cellFilter(row: ListRow, column: string): string {
  switch (column) {
    case "src":
      return addressFilter(row.src ?? "", "src");
    case "dst":
      return addressFilter(row.dst ?? "", "dst");
    case "length":
      return `frame.len == ${row.length}`;
    case "number":
      return `frame.number == ${row.frame}`;
    case "process":
      return row.process ? (row.process.name ? equals("process.name", row.process.name) : `process.pid == ${row.process.pid}`) : "";
    case "protocol":
      return row.kind === "event" ? `etw.provider == ${JSON.stringify(row.protocol)}` : protocolFilter(row.protocol);
  }
  return "";
}

function protocolFilter(name: string): string {
  const lower = name.toLowerCase();
  if (/^tlsv|^sslv|^dtlsv/.test(lower)) return lower.startsWith("dtls") ? "dtls" : "tls";
  if (lower.startsWith("icmpv6")) return "icmpv6";
  return /^[a-z][\w.]*$/.test(lower) ? lower : "";
}
