import { useData } from "../../data";
import { bytes, clock, count, duration, owner, visible } from "../../format";
import { FrameLink } from "../../parts/Links";
import { Await, Empty } from "../../parts/States";
import { link } from "../../route";
import type { Case, Conversation, End } from "../../types";

/** What happened in the chosen conversation, and where to look next. */
export function Chosen({ current, conversation: c }: { current: Case; conversation: Conversation | undefined }) {
  const story = useData<{ sentences: string[] }>(c ? `cases/${current.id}/story` : "", { conversation: c?.id });
  if (!c) return <Empty>Choose a conversation.</Empty>;
  return (
    <section class="chosen" aria-label={`Conversation ${c.id}`} tabIndex={0}>
      <h2>
        {c.proto} {visible(c.a.address)} → {visible(c.b.address)}
      </h2>
      <p class="buttons">
        {(
          [
            ["records", "Records", { filter: `conv.id == ${c.id}` }],
            ["timeline", "Timeline", { conversation: c.id }],
            ["ladder", "Ladder", { conversation: c.id }],
            ["plots", "Plots", { conversation: c.id }],
            ["requests", "Requests", { conversation: c.id }],
            ["follow", "Follow", { conversation: c.id }],
          ] as const
        ).map(([page, title, patch]) => (
          <a key={page} class="button" href={link(page, patch)}>
            {title}
          </a>
        ))}
      </p>
      <p class="dim">
        {[c.process && visible(owner(c.process)), c.time && `${clock(c.time, 3)} UTC`, c.duration_ns !== undefined && duration(c.duration_ns), c.rtt_ns !== undefined && `round trip ${duration(c.rtt_ns)}`, c.end && `ended: ${c.end}`].filter(Boolean).join(" · ")}
        {c.first && (
          <>
            {" "}
            · records <FrameLink place={c.first} /> to <FrameLink place={c.last ?? c.first} />
          </>
        )}
      </p>
      <div class="chosen-parts">
        <div>
          <h3>What happened</h3>
          <Await of={story} what="telling">
            {(s) => (
              <ol class="story">
                {s.sentences.map((text, i) => (
                  <li key={i}>{visible(text)}</li>
                ))}
              </ol>
            )}
          </Await>
        </div>
        <Ends a={c.a} b={c.b} />
      </div>
    </section>
  );
}

function Ends({ a, b }: { a: End; b: End }) {
  const rows: [string, (end: End) => string][] = [
    ["packets", (e) => count(e.packets)],
    ["bytes", (e) => bytes(e.bytes)],
    ["payload", (e) => bytes(e.payload)],
    ["sent again", (e) => String(e.retransmissions)],
    ["out of order", (e) => String(e.out_of_order)],
    ["gaps", (e) => String(e.gaps)],
    ["repeated ACKs", (e) => String(e.dup_acks)],
    ["zero windows", (e) => String(e.zero_windows)],
    ["MSS", (e) => String(e["mss"] ?? "")],
    ["last window", (e) => (e["window"] === undefined ? "" : bytes(e["window"] as number))],
  ];
  return (
    <table class="ends">
      <caption class="unseen">What each end sent</caption>
      <thead>
        <tr>
          <th scope="col">sent by</th>
          <th scope="col">{visible(a.address)}</th>
          <th scope="col">{visible(b.address)}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, of]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="right">{of(a)}</td>
            <td class="right">{of(b)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
