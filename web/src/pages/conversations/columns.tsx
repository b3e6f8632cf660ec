import { bytes, count, duration, owner, visible } from "../../format";
import type { Column } from "../../parts/Grid";
import { link } from "../../route";
import type { Conversation } from "../../types";

/** The columns of a conversation, as `convs` prints them. */
export const columns: readonly Column<Conversation>[] = [
  {
    id: "id",
    title: "conv",
    width: "64px",
    least: 56,
    right: true,
    sort: true,
    cell: (c) => (
      <a href={link("records", { filter: `conv.id == ${c.id}` })} title="The records of this conversation" tabIndex={-1}>
        {c.id}
      </a>
    ),
  },
  { id: "proto", title: "protocol", width: "70px", least: 60, wide: true, cell: (c) => c.proto },
  { id: "a", title: "from", width: "1.2fr", least: 150, sort: true, cell: (c) => visible(c.a.address) },
  { id: "b", title: "to", width: "1.2fr", least: 150, sort: true, cell: (c) => visible(c.b.address) },
  { id: "process", title: "process", width: "1fr", least: 110, sort: true, wide: true, cell: (c) => visible(owner(c.process)) },
  { id: "packets", title: "packets", width: "84px", least: 74, right: true, sort: true, cell: (c) => count(c.packets) },
  { id: "bytes", title: "bytes", width: "84px", least: 74, right: true, sort: true, cell: (c) => bytes(c.bytes) },
  { id: "duration", title: "duration", width: "84px", least: 76, right: true, sort: true, cell: (c) => duration(c.duration_ns) },
  { id: "rtt", title: "rtt", width: "76px", least: 70, right: true, sort: true, wide: true, cell: (c) => duration(c.rtt_ns) },
  { id: "retransmissions", title: "resent", width: "70px", least: 64, right: true, sort: true, wide: true, cell: (c) => c.retransmissions || "" },
  { id: "end", title: "end", width: "100px", least: 84, wide: true, cell: (c) => visible(c.end ?? "") },
];
