import { useEffect, useState } from "preact/hooks";
import { usePages } from "../../data";
import { bytes, clock, count, duration, plural, visible } from "../../format";
import { Grid, type Column } from "../../parts/Grid";
import { FrameLink } from "../../parts/Links";
import { Search } from "../../parts/Search";
import { Empty, Failed, Loading } from "../../parts/States";
import { link, navigate, patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Request } from "../../types";
import type { PageProps } from "../registry";

const columns: readonly Column<Request>[] = [
  { id: "asked", title: "asked (UTC)", width: "216px", least: 120, sort: true, cell: (r) => clock(r.time) },
  { id: "frame", title: "record", width: "74px", least: 64, right: true, cell: (r) => <FrameLink place={{ source: r.source, frame: r.frame }} /> },
  { id: "conversation", title: "conv", width: "56px", least: 50, right: true, wide: true, cell: (r) => r.conversation },
  { id: "protocol", title: "protocol", width: "76px", least: 64, sort: true, wide: true, cell: (r) => visible(r.protocol) },
  { id: "command", title: "command", width: "110px", least: 80, sort: true, cell: (r) => visible(r.command) },
  { id: "name", title: "what for", width: "1.4fr", least: 130, sort: true, cell: (r) => <span title={visible(r.name ?? "")}>{visible(r.name ?? "")}</span> },
  { id: "status", title: "answer", width: "1fr", least: 110, sort: true, cell: (r) => <Answer request={r} /> },
  { id: "service", title: "service", width: "84px", least: 76, right: true, sort: true, cell: (r) => duration(r.service_ns) },
  { id: "transfer", title: "transfer", width: "84px", least: 76, right: true, sort: true, wide: true, cell: (r) => duration(r.transfer_ns) },
  { id: "whole", title: "whole", width: "84px", least: 76, right: true, sort: true, wide: true, cell: (r) => duration(r.whole_ns) },
  { id: "bytes", title: "size", width: "76px", least: 70, right: true, sort: true, wide: true, cell: (r) => bytes(r.moved_bytes || r.answer_bytes) },
  { id: "depth", title: "open", width: "60px", least: 54, right: true, sort: true, wide: true, cell: (r) => r.depth },
];

function Answer({ request: r }: { request: Request }) {
  if (!r.last_frame && !r.status) return <span class="failed">○ none</span>;
  const text = [r.status, r.text].filter(Boolean).join(": ");
  return r.failed ? (
    <span class="failed" title={visible(text)}>
      ✕ {visible(text)}
    </span>
  ) : (
    <span title={visible(text)}>{visible(text)}</span>
  );
}

/** Questions and answers of every protocol that has them. */
export function Requests({ current, params }: PageProps) {
  const sort = params.get("sort") || "asked";
  const desc = params.get("desc") === "1";
  const conversation = params.number("conversation");
  const pages = usePages<Request>(`cases/${current.id}/requests`, { sort: sort === "asked" ? "" : sort, desc, q: params.get("q"), conversation }, current.revision);
  const [selected, select] = useState(-1);
  useEffect(() => select(-1), [pages]);
  const row = selected >= 0 ? pages.row(selected) : undefined;
  useStatus(pages.loaded ? plural(pages.total, "request") : "");
  return (
    <div class="full requests">
      <h1 class="unseen">Requests</h1>
      <div class="bar">
        <Search value={params.get("q")} change={(q) => patchRoute({ q }, true)} label="Search: protocol, command, name, answer, address" />
        {conversation !== undefined && (
          <span>
            of conversation {conversation}{" "}
            <button type="button" class="small" onClick={() => patchRoute({ conversation: undefined })}>
              All conversations
            </button>
          </span>
        )}
        <span class="links">
          <a href={link("plots", { kind: "service", conversation })}>service time over time</a> <a href={link("plots", { kind: "depth", conversation })}>open requests over time</a>
        </span>
      </div>
      {pages.error && !pages.loaded ? (
        <Failed error={pages.error} />
      ) : !pages.loaded ? (
        <Loading what="getting the requests" />
      ) : (
        <>
          {pages.total === 0 && <Empty>{params.get("q") || conversation !== undefined ? "No request is like that." : "No protocol with questions and answers was seen."}</Empty>}
          <Grid
            label="Requests"
            columns={columns}
            total={pages.total}
            row={(i) => pages.row(i)}
            selected={selected}
            onSelect={select}
            onOpen={(_, r) => navigate(link("records", { frame: `${r.source}:${r.frame}` }))}
            rowClass={(r) => (r.failed ? "mark-failed" : "")}
            order={{ column: sort, desc }}
            onOrder={(order) => patchRoute({ sort: order.column === "asked" ? undefined : order.column, desc: order.desc ? 1 : undefined })}
          />
          {row && <Chosen request={row} />}
        </>
      )}
    </div>
  );
}

function Chosen({ request: r }: { request: Request }) {
  const place = (frame: number) => <FrameLink place={{ source: r.source, frame }} />;
  return (
    <section class="bar under" aria-label="The chosen request">
      <span>
        {visible(r.client)} → {visible(r.server)}
      </span>
      <span>asked in {place(r.frame)}{r.sent_frame !== r.frame && <> to {place(r.sent_frame)}</>}</span>
      {r.first_frame && <span>answered in {place(r.first_frame)}{r.last_frame && r.last_frame !== r.first_frame && <> to {place(r.last_frame)}</>}</span>}
      {(r.repeats ?? 0) > 0 && <span>asked {count(r.repeats! + 1)} times</span>}
      {r.waits && <span>waits for something to happen</span>}
      <span class="links">
        <a href={link("records", { filter: `conv.id == ${r.conversation}`, frame: `${r.source}:${r.frame}` })}>conversation {r.conversation}</a> <a href={link("follow", { conversation: r.conversation })}>follow</a>
      </span>
    </section>
  );
}
