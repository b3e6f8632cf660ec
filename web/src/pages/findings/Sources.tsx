import { base, bytes, clock, count, duration, plural, visible } from "../../format";
import { sourceName } from "../../parts/Links";
import { Table, type Field } from "../../parts/Table";
import type { Loss, Source } from "../../types";

const fields: Field<Source>[] = [
  { id: "source", title: "", cell: (s) => sourceName(s.source) },
  { id: "name", title: "file", by: (s) => s.name, cell: (s) => <span title={visible(s.name)}>{visible(base(s.name))}</span> },
  { id: "format", title: "format", by: (s) => s.format, cell: (s) => [s.format, s.compression].filter(Boolean).join(", ") },
  { id: "bytes", title: "size", right: true, by: (s) => s.bytes ?? 0, cell: (s) => bytes(s.bytes) },
  { id: "packets", title: "packets", right: true, by: (s) => s.packets, cell: (s) => count(s.packets) },
  { id: "events", title: "events", right: true, by: (s) => s.events, cell: (s) => (s.events ? count(s.events) : "") },
  { id: "first", title: "from (UTC)", by: (s) => s.first ?? "", cell: (s) => clock(s.first, 3) },
  { id: "duration", title: "duration", right: true, by: (s) => s.duration_ns ?? 0, cell: (s) => duration(s.duration_ns) },
  { id: "host", title: "recorded by", cell: (s) => visible([s.os, s.application].filter(Boolean).join(", ")) },
];

/** What was read, and how good it is. */
export function Sources({ sources, losses }: { sources: readonly Source[]; losses: readonly Loss[] }) {
  const notes = sources.flatMap((s) => quality(s).map((text) => (sources.length > 1 ? `${sourceName(s.source)}: ${text}` : text)));
  for (const loss of losses) notes.push(...lost(loss, sources.length > 1));
  return (
    <section class="block" aria-labelledby="sources-title">
      <h2 id="sources-title">What was read</h2>
      <Table caption="What was read" fields={fields} rows={sources} />
      {notes.length ? (
        <ul class="signed notes">
          {notes.map((text, i) => (
            <li key={i}>
              <span aria-hidden="true">▲ </span>
              {visible(text)}
            </li>
          ))}
        </ul>
      ) : (
        <p class="dim">✓ All of it could be read.</p>
      )}
    </section>
  );
}

function quality(s: Source): string[] {
  const notes: string[] = [];
  if (!s.timed) notes.push("the order of the records is known, but not their times");
  if (s.malformed) notes.push(`${plural(s.malformed, "packet")} that contradict themselves`);
  if (s.undecoded) notes.push(`${plural(s.undecoded, "event")} whose layout is not known`);
  if (s.session?.events_lost) notes.push(`the recorder lost ${plural(s.session.events_lost, "event")}`);
  if (s.session?.buffers_lost) notes.push(`the recorder lost ${plural(s.session.buffers_lost, "buffer")}`);
  if (s.session && s.session.finalised === false) notes.push("the recorder did not close the file");
  for (const i of s.interfaces ?? []) {
    if (i.dropped) notes.push(`${plural(i.dropped, "packet")} dropped while recording${i.name ? ` on ${i.name}` : ""}`);
    if (i.filter) notes.push(`recorded with the filter ${i.filter}: other packets are missing`);
  }
  for (const f of s.filters ?? []) notes.push(`recorded with the filter ${f}: other packets are missing`);
  return notes;
}

function lost(loss: Loss, several: boolean): string[] {
  const l = loss as unknown as { source: number; records: number; bytes: number; unread?: number; error?: string; examples?: string[] };
  const from = several ? `${sourceName(l.source)}: ` : "";
  const notes: string[] = [];
  if (l.records || l.bytes) notes.push(`${from}${plural(l.records, "record")} could not be read (${bytes(l.bytes)} skipped)`);
  if (l.error) notes.push(`${from}reading stopped: ${l.error}${l.unread ? `; ${bytes(l.unread)} were not read` : ""}`);
  for (const example of l.examples ?? []) notes.push(from + example);
  return notes;
}
