import { duration, percent } from "../../format";
import { ConversationLinks } from "../../parts/Links";
import { Table, type Field } from "../../parts/Table";
import type { Spending } from "../../types";

/** The stages of a conversation's time, in the order that it passes them; the names are those of `spending` lines. */
const stages: readonly { id: `${string}_ns`; title: string; color: string; means: string }[] = [
  { id: "names_ns", title: "names", color: "--s6", means: "asking for addresses and ports" },
  { id: "handshake_ns", title: "handshake", color: "--s4", means: "opening the connection" },
  { id: "tls_ns", title: "TLS", color: "--s7", means: "opening an encrypted connection in it" },
  { id: "client_ns", title: "client", color: "--s2", means: "the application that asks: it asked for nothing, or took no data" },
  { id: "server_ns", title: "server", color: "--s1", means: "the application that answers: it had not begun an answer, or took no data" },
  { id: "network_ns", title: "network", color: "--s3", means: "questions, answers and content on their way" },
  { id: "recovery_ns", title: "recovery", color: "--s5", means: "what was lost, until it had come again" },
  { id: "held_ns", title: "held", color: "--s6", means: "small segments that waited for a delayed acknowledgement" },
  { id: "idle_ns", title: "idle", color: "--s8", means: "nothing was asked for long, or any more" },
  { id: "unknown_ns", title: "unknown", color: "--line", means: "what the capture does not show" },
];

export function WhereTimeWent({ spending }: { spending: readonly Spending[] }) {
  if (!spending.length) return null;
  const used = stages.filter((s) => spending.some((row) => (row[s.id] ?? 0) > 0));
  const fields: Field<Spending>[] = [
    { id: "conversation", title: "conv", right: true, by: (row) => row.conversation, cell: (row) => row.conversation },
    { id: "bar", title: "", cell: (row) => <Bar row={row} /> },
    { id: "duration", title: "duration", right: true, by: (row) => row.duration_ns, cell: (row) => duration(row.duration_ns) },
    ...used.map<Field<Spending>>((s) => ({ id: s.id, title: s.title, right: true, by: (row) => row[s.id] ?? 0, cell: (row) => (row[s.id] ? duration(row[s.id]) : "") })),
    { id: "links", title: "", cell: (row) => <ConversationLinks id={row.conversation} /> },
  ];
  return (
    <section class="block" aria-labelledby="where-title">
      <h2 id="where-title">Where the time went</h2>
      <ul class="legend">
        {used.map((s) => (
          <li key={s.id} title={s.means}>
            <span class="swatch" style={{ background: `var(${s.color})` }} aria-hidden="true" />
            {s.title} <span class="dim">{s.means}</span>
          </li>
        ))}
      </ul>
      <Table caption="Where the time went" fields={fields} rows={spending} />
    </section>
  );
}

function Bar({ row }: { row: Spending }) {
  const parts = stages.filter((s) => (row[s.id] ?? 0) > 0);
  const text = parts.map((s) => `${s.title} ${percent(row[s.id]!, row.duration_ns)}`).join(", ");
  return (
    <div class="time-bar" role="img" aria-label={text} title={text}>
      {parts.map((s) => {
        const share = (100 * row[s.id]!) / Math.max(row.duration_ns, 1);
        return (
          <span key={s.id} style={{ width: `${share}%`, background: `var(${s.color})` }} class={s.id === "unknown_ns" ? "unknown" : ""}>
            {share > 22 ? s.title : ""}
          </span>
        );
      })}
    </div>
  );
}
