import { plural, visible } from "../../format";
import type { Finding, Withheld } from "../../types";

/** What was not judged, why, and what to record so that it can be. */
export function NotJudged({ withheld, findings, showRule }: { withheld: readonly Withheld[]; findings: readonly Finding[]; showRule: (id: string) => void }) {
  if (!withheld.length) return null;
  const groups = new Map<string, Withheld[]>();
  for (const one of withheld) groups.set(one.because, [...(groups.get(one.because) ?? []), one]);
  return (
    <section class="block" aria-labelledby="withheld-title">
      <h2 id="withheld-title">Not judged</h2>
      <p class="dim">These diagnoses were not applied to all conversations: the recording could make them wrong.</p>
      {[...groups].map(([because, rules]) => (
        <div key={because} class="withheld">
          <h3>
            Because of{" "}
            <button type="button" class="rule" onClick={() => showRule(because)}>
              {because}
            </button>
            {rules[0]?.why ? `: ${visible(rules[0].why)}` : ""}
          </h3>
          <ul>
            {rules.map((one) => (
              <li key={one.rule}>
                <button type="button" class="rule" onClick={() => showRule(one.rule)}>
                  {one.rule}
                </button>{" "}
                <span class="dim">{plural(one.conversations, "conversation")}</span>
              </li>
            ))}
          </ul>
          {next(findings, because).map((text, i) => (
            <p key={i}>
              <span aria-hidden="true">● </span>record next: {visible(text)}
            </p>
          ))}
        </div>
      ))}
    </section>
  );
}

function next(findings: readonly Finding[], rule: string): string[] {
  return [...new Set(findings.flatMap((f) => (f.rule === rule ? (f.next_capture ?? []) : [])))];
}
