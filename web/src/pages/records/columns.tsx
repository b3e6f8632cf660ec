import { clock, nanoseconds, owner, seconds, visible } from "../../format";
import type { Column } from "../../parts/Grid";
import { sourceName } from "../../parts/Links";
import type { ListRow } from "../../types";

/** What is special of a row: a sign, so that it is seen without colour, and the word. */
export const marks: Record<string, { sign: string; word: string }> = {
  dropped: { sign: "⊘", word: "dropped by the host" },
  malformed: { sign: "✕", word: "contradicts itself" },
  reset: { sign: "✖", word: "reset" },
  lost: { sign: "◌", word: "a segment before it was not captured" },
  resent: { sign: "↻", word: "sent again, or out of order" },
  window: { sign: "▮", word: "window full or zero" },
  again: { sign: "⧉", word: "the same packet again" },
  "icmp-error": { sign: "!", word: "ICMP error" },
  open: { sign: "▷", word: "opens a connection" },
  close: { sign: "◁", word: "closes a connection" },
  event: { sign: "·", word: "event" },
};

/** The colour of a row: the first post's code for events and packets, and what is wrong. */
export function rowClass(row: ListRow): string {
  if (row.mark && row.mark !== "event") return `mark-${row.mark}`;
  if (row.kind === "event") return /^AFD/i.test(row.protocol) ? "lane-application" : "lane-stack";
  return "";
}

export type Clock = "since" | "delta" | "utc";
export const clocks: readonly { id: Clock; title: string }[] = [
  { id: "since", title: "since the first record" },
  { id: "delta", title: "since the row before" },
  { id: "utc", title: "date and time, UTC" },
];

export interface Shown {
  clock: Clock;
  base: bigint | undefined;
  before: (i: number) => ListRow | undefined;
  several: boolean;
  owners: boolean;
  /** False when only the order of records is known. */
  timed: boolean;
}

function time(row: ListRow, i: number, s: Shown): string {
  const at = nanoseconds(row.time);
  if (at === undefined) return "";
  if (s.clock === "utc") return clock(at, 6);
  if (s.clock === "since") return s.base === undefined ? "" : seconds(at - s.base);
  const before = i > 0 ? nanoseconds(s.before(i - 1)?.time) : at;
  return before === undefined ? "" : seconds(at - before);
}

export function columns(s: Shown): Column<ListRow>[] {
  const list: Column<ListRow>[] = [
    { id: "number", title: "No.", width: "84px", least: 70, right: true, cell: (r) => (s.several ? `${sourceName(r.source)}:${r.frame}` : r.frame) },
    {
      id: "mark",
      title: " ",
      width: "22px",
      least: 22,
      cell: (r) => {
        const mark = marks[r.mark ?? ""];
        return mark ? (
          <span title={mark.word} role="img" aria-label={mark.word}>
            {mark.sign}
          </span>
        ) : null;
      },
    },
  ];
  if (s.timed) list.push({ id: "time", title: "Time", width: s.clock === "utc" ? "216px" : "112px", least: s.clock === "utc" ? 216 : 100, right: s.clock !== "utc", cell: (r, i) => time(r, i, s) });
  if (s.owners) list.push({ id: "process", title: "Process", width: "160px", least: 120, wide: true, cell: (r) => visible(owner(r.process)) });
  list.push(
    { id: "src", title: "Source", width: "170px", least: 110, wide: true, cell: (r) => visible(r.src ?? "") },
    { id: "dst", title: "Destination", width: "170px", least: 110, wide: true, cell: (r) => visible(r.dst ?? "") },
    { id: "protocol", title: "Protocol", width: "90px", least: 60, cell: (r) => visible(r.protocol) },
    { id: "length", title: "Length", width: "66px", least: 60, right: true, wide: true, cell: (r) => r.length },
    { id: "info", title: "Info", width: "1fr", least: 240, cell: (r) => <span title={visible(r.info)}>{visible(r.info)}</span> },
  );
  return list;
}
