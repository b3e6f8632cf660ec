import { useEffect, useId, useRef, useState } from "preact/hooks";
import { isStatic } from "../../api";
import { clock, duration, owner, percent, plural, visible } from "../../format";
import { Copy } from "../../parts/Copy";
import { ConversationLinks, FrameLink, sourceName } from "../../parts/Links";
import { link } from "../../route";
import type { Finding, Place, Severity, Source } from "../../types";

/** A sign of its own shape for each severity, beside the word. */
const signs: Record<Severity, string> = { error: "✕", warning: "▲", note: "●" };

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span class={`mark ${severity}`}>
      <span aria-hidden="true">{signs[severity]}</span> {severity}
    </span>
  );
}

interface Props {
  finding: Finding;
  /** The greatest cost of all findings, which the bar of the cost is full at. */
  most: number;
  /** Of the sources, when there are several: as the command line calls them. */
  names: readonly string[];
  open: boolean;
  chosen: boolean;
  sources: readonly Source[];
  showRule: (id: string) => void;
}

export function Card({ finding: f, most, names, open, chosen, sources, showRule }: Props) {
  const [shown, show] = useState(open || chosen);
  const id = useId();
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) card.current?.scrollIntoView({ block: "start" });
  }, [chosen]);
  return (
    <li ref={card} class={`card ${f.severity}${chosen ? " chosen" : ""}`}>
      <div class="card-head">
        <SeverityMark severity={f.severity} />
        <span class="dim">{f.confidence}</span>
        {f.count > 1 && <span class="dim">{plural(f.count, "time")}</span>}
        <button type="button" class="rule" onClick={() => showRule(f.rule)} title="What this diagnosis is">
          {f.rule}
        </button>
        <Cost ns={f.cost_ns} most={most} />
      </div>
      <h2>
        <span class="rank">{f.rank}.</span> {visible(f.summary)}
      </h2>
      <button type="button" class="plain fold" aria-expanded={shown} aria-controls={id} onClick={() => show(!shown)}>
        <span aria-hidden="true">{shown ? "▾" : "▸"}</span> {shown ? "Less" : "Proof, what was ruled out, what to do"}
      </button>
      <div id={id} hidden={!shown} class="card-body">
        {shown && <Body finding={f} names={names} sources={sources} showRule={showRule} />}
      </div>
    </li>
  );
}

function Cost({ ns, most }: { ns: number; most: number }) {
  if (ns <= 0) return <span class="cost dim">no time lost</span>;
  return (
    <span class="cost">
      cost <strong>{duration(ns)}</strong>
      <span class="cost-bar" aria-hidden="true">
        <span style={{ width: `${Math.max((100 * ns) / most, 1)}%` }} />
      </span>
    </span>
  );
}

function Body({ finding: f, names, sources, showRule }: { finding: Finding; names: readonly string[]; sources: readonly Source[]; showRule: (id: string) => void }) {
  return (
    <>
      <dl class="parts">
        <Proof where={f.where} names={names} filter={undefined} />
        {f.elsewhere?.map((e) => (
          <Row key={e.source} name={`also in ${visible(names[e.source] ?? sourceName(e.source))}`}>
            {visible(e.summary)} <Frames where={e.where} names={names} />
          </Row>
        ))}
        {f.between && <Row name="between">{visible(f.between)}</Row>}
        {f.process && <Row name="process">{visible(owner(f.process))}</Row>}
        {f.facts && (
          <Row name="numbers">
            <table class="facts">
              <tbody>
                {f.facts.map((fact, i) => (
                  <tr key={i}>
                    <th scope="row">{visible(fact.name)}</th>
                    <td>{visible(fact.value)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Row>
        )}
        <Texts name="ruled out" texts={f.ruled_out} sign="✓" />
        <Texts name="do" texts={f.fix} sign="→" />
        <Texts name="record next" texts={f.next_capture} sign="●" />
        <Filter name="filter" text={f.filter} open />
        <Filter name="Network Monitor" text={f.netmon_filter} />
        {f.conversations && f.conversations.length > 0 && (
          <Row name="conversations">
            {f.conversations.slice(0, 8).map((c) => (
              <span key={c} class="conversation">
                <a href={link("conversations", { view: "all", conversation: c })}>{c}</a>: <ConversationLinks id={c} />
              </span>
            ))}
            {f.conversations.length > 8 && ` and ${f.conversations.length - 8} more`}
          </Row>
        )}
        {f.silences && (
          <Row name="withholds">
            {f.silences.map((id) => (
              <button key={id} type="button" class="rule" onClick={() => showRule(id)}>
                {id}
              </button>
            ))}
          </Row>
        )}
      </dl>
      {f.parts && f.parts.length > 0 && (
        <section class="card-parts" aria-label="Of the same cause">
          <h3>Of the same cause</h3>
          <ul>
            {f.parts.map((part, i) => (
              <li key={i}>
                <SeverityMark severity={part.severity} /> {visible(part.summary)} {part.cost_ns > 0 && <span class="dim">({duration(part.cost_ns)})</span>}{" "}
                <button type="button" class="rule" onClick={() => showRule(part.rule)}>
                  {part.rule}
                </button>{" "}
                <Frames where={part.where} names={names} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Share finding={f} sources={sources} />
    </>
  );
}

/**
 * How much of the whole recording the cost is: of the longest of those that prove it. It is not said of a cost that is more than that, which is time
 * of several conversations together.
 */
function Share({ finding, sources }: { finding: Finding; sources: readonly Source[] }) {
  const proving = new Set([...(finding.where ?? []), ...(finding.elsewhere ?? []).flatMap((e) => e.where ?? [])].map((place) => place.source));
  const source = sources.filter((s) => proving.has(s.source)).reduce<Source | undefined>((a, b) => ((b.duration_ns ?? 0) > (a?.duration_ns ?? 0) ? b : a), undefined);
  if (!source?.duration_ns || finding.cost_ns <= 0 || finding.cost_ns > source.duration_ns) return null;
  return (
    <p class="dim">
      {percent(finding.cost_ns, source.duration_ns)} of the {duration(source.duration_ns)} recorded{source.first ? `, from ${clock(source.first, 3)} UTC` : ""}
    </p>
  );
}

function Row({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div class={`part ${name}`}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Texts({ name, texts, sign }: { name: string; texts: readonly string[] | undefined; sign: string }) {
  if (!texts?.length) return null;
  return (
    <Row name={name}>
      <ul class="signed">
        {texts.map((text, i) => (
          <li key={i}>
            <span aria-hidden="true">{sign} </span>
            {visible(text)}
          </li>
        ))}
      </ul>
    </Row>
  );
}

function Proof({ where, names, filter }: { where: readonly Place[] | undefined; names: readonly string[]; filter: string | undefined }) {
  if (!where?.length) return null;
  return (
    <Row name="proof">
      records <Frames where={where} names={names} filter={filter} />
    </Row>
  );
}

function Frames({ where, names, filter }: { where: readonly Place[] | undefined; names: readonly string[]; filter?: string }) {
  return (
    <span class="frames">
      {where?.map((place, i) => (
        <FrameLink key={i} place={place} names={names} filter={filter} />
      ))}
    </span>
  );
}

function Filter({ name, text, open }: { name: string; text: string | undefined; open?: boolean }) {
  if (!text) return null;
  return (
    <Row name={name}>
      <code>{visible(text)}</code> <Copy text={text} what="filter" /> {open && !isStatic && <a href={link("records", { filter: text })}>show these records</a>}
    </Row>
  );
}
