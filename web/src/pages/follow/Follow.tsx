import "./follow.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import { bytes, plural, visible } from "../../format";
import { Copy } from "../../parts/Copy";
import { ConversationLinks, FrameLink } from "../../parts/Links";
import { Empty, Failed, Loading } from "../../parts/States";
import { tabKey } from "../../parts/tabs";
import { patchRoute } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Block } from "../../types";
import { decode } from "../records/Bytes";
import type { PageProps } from "../registry";
import { asText, dump } from "./text";

interface Answer {
  a: string;
  b: string;
  layer?: string;
  sealed?: boolean;
  total: number;
  blocks: (Block & { of?: string; note?: string; source?: number })[];
}

const forms = [
  { id: "text", title: "Text" },
  { id: "hex", title: "Hex" },
  { id: "http", title: "HTTP" },
] as const;

const LIMIT = 100;

/** What was said in one conversation, in order; who said it is told by sign and place, not by colour alone. */
export function Follow({ current, params }: PageProps) {
  const conversation = params.number("conversation");
  const form = forms.find((f) => f.id === params.get("form"))?.id ?? "text";
  const only = params.get("from");
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<Error>();
  const [more, wantMore] = useState(0);
  const key = `${current.id} ${conversation} ${form} ${current.revision}`;
  const shown = useRef("");
  useEffect(() => {
    if (conversation === undefined) return;
    const fresh = shown.current !== key;
    const had = fresh ? [] : (answer?.blocks ?? []);
    const controller = new AbortController();
    if (fresh) setAnswer(undefined);
    setError(undefined);
    // Text and hex show the same bytes.
    get<Answer>(`cases/${current.id}/follow`, { conversation, form: form === "http" ? "http" : "", offset: had.length || undefined, limit: LIMIT }, controller.signal).then(
      (next) => {
        shown.current = key;
        setAnswer({ ...next, blocks: [...had, ...next.blocks] });
      },
      (e: Error) => controller.signal.aborted || setError(e),
    );
    return () => controller.abort();
  }, [key, more]);
  useStatus(answer ? `${plural(answer.blocks.length, "block")}${answer.total > answer.blocks.length ? ` of ${answer.total}` : ""}` : "");
  if (conversation === undefined) return <Empty>Choose a conversation to follow on the page “Conversations”.</Empty>;
  const openTab = (i: number) => patchRoute({ form: i ? forms[i]!.id : undefined }, true);
  const blocks = answer?.blocks.filter((b) => !only || b.from === only) ?? [];
  return (
    <div class="full follow">
      <div class="bar">
        <h1>Conversation {conversation}</h1>
        <div class="tabs" role="tablist" aria-label="Shown as">
          {forms.map((f, i) => (
            <button key={f.id} type="button" role="tab" aria-selected={form === f.id} tabIndex={form === f.id ? 0 : -1} onClick={() => openTab(i)} onKeyDown={(event) => tabKey(event, i, forms.length, openTab)}>
              {f.title}
            </button>
          ))}
        </div>
        <select aria-label="Direction" value={only} onChange={(event) => patchRoute({ from: event.currentTarget.value }, true)}>
          <option value="">both directions</option>
          <option value="a">→ only from {visible(answer?.a ?? "the first end")}</option>
          <option value="b">← only from {visible(answer?.b ?? "the second end")}</option>
        </select>
        <ConversationLinks id={conversation} />
        {answer?.layer && <span class="dim">{visible(answer.layer)}</span>}
      </div>
      {answer?.sealed && <p class="hint">⚿ This looks encrypted: with the keys of the session (--keylog, --key) it would be shown in clear.</p>}
      {error && <Failed error={error} />}
      {!answer && !error && <Loading what="getting the bytes" />}
      {answer && (
        <div class="said-all" tabIndex={0} role="region" aria-label="What was said">
          {blocks.length === 0 && <Empty>No bytes were sent{only ? " in this direction" : ""}.</Empty>}
          {blocks.map((b, i) => (
            <One key={i} block={b} name={b.from === "a" ? answer.a : answer.b} form={form} />
          ))}
          {answer.total > answer.blocks.length && (
            <p>
              <button type="button" onClick={() => wantMore((n) => n + 1)}>
                Show more: {answer.total - answer.blocks.length} blocks are left
              </button>
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function One({ block: b, name, form }: { block: Answer["blocks"][number]; name: string; form: string }) {
  const data = decode(b.data);
  const text = form === "hex" ? dump(data, b.offset) : asText(data, form === "http");
  return (
    <section class={`said from-${b.from}`} aria-label={`from ${name}`}>
      <p class="said-head">
        <strong>
          <span aria-hidden="true">{b.from === "a" ? "→" : "←"}</span> {visible(name)}
        </strong>{" "}
        <span class="dim">
          {b.of ? `${visible(b.of)} · ` : ""}
          {b.mark ? `${visible(b.mark)} · ` : ""}
          {bytes(b.length)} at {b.offset} · record <FrameLink place={{ source: b.source ?? 0, frame: b.frame }} />
        </span>{" "}
        {text && <Copy text={text} what="text" />}
      </p>
      {(b.missing ?? 0) > 0 && <p class="missing">▒ {bytes(b.missing)} are missing here: they were not captured</p>}
      {b.note && <p class="missing">▒ {visible(b.note)}</p>}
      {text && <pre>{text}</pre>}
    </section>
  );
}
