import "./conversations.css";
import { useState } from "preact/hooks";
import { useData } from "../../data";
import { Search } from "../../parts/Search";
import { FilterBar } from "../../parts/FilterBar";
import { Split } from "../../parts/Split";
import { tabKey } from "../../parts/tabs";
import { patchRoute } from "../../route";
import type { Conversation, Paged, Process } from "../../types";
import type { PageProps } from "../registry";
import { All } from "./All";
import { ByProcess } from "./ByProcess";
import { Chosen } from "./Chosen";

const views = [
  { id: "all", title: "All" },
  { id: "process", title: "By process" },
] as const;

/** Who talked with whom, and which process of the recording host it was. */
export function Conversations({ current, params }: PageProps) {
  const owned = useData<Paged<Process>>(`cases/${current.id}/processes`, { limit: 1, sort: "conversations", desc: true }, current.revision);
  const has = ((owned.data?.rows[0] as Process | undefined)?.conversations?.length ?? 0) > 0;
  const view = params.get("view") || (has ? "process" : "all");
  const [chosen, choose] = useState<Conversation>();
  const openTab = (i: number) => patchRoute({ view: views[i]!.id });
  return (
    <div class="full conversations">
      <h1 class="unseen">Conversations and processes</h1>
      <div class="bar">
        <div class="tabs" role="tablist" aria-label="Conversations">
          {views.map((v, i) => (
            <button key={v.id} type="button" role="tab" aria-selected={view === v.id} tabIndex={view === v.id ? 0 : -1} onClick={() => openTab(i)} onKeyDown={(event) => tabKey(event, i, views.length, openTab)}>
              {v.title}
            </button>
          ))}
        </div>
        <Search value={params.get("q")} change={(q) => patchRoute({ q }, true)} label={view === "all" ? "Search: address, port, protocol, process, end" : "Search: process or command line"} />
        {view === "all" && <FilterBar value={params.get("filter")} apply={(filter) => patchRoute({ filter })} label="Display filter: conversations with records that pass" />}
      </div>
      <Split name="conversations" label="Height of the list" direction="rows" share={66}>
        <div class="pane">{view === "process" ? <ByProcess current={current} params={params} choose={choose} /> : <All current={current} params={params} choose={choose} />}</div>
        <Chosen current={current} conversation={chosen} />
      </Split>
    </div>
  );
}
