import "./findings.css";
import { useMemo, useState } from "preact/hooks";
import { useData } from "../../data";
import { duration, labels, plural } from "../../format";
import { Await, Empty } from "../../parts/States";
import { useStatus } from "../../shell/Status";
import type { Case, Finding, Line, Loss, Source, Spending, Summary, Withheld } from "../../types";
import type { PageProps } from "../registry";
import { Card } from "./Card";
import { NotJudged } from "./NotJudged";
import { RulePage } from "./RulePage";
import { Sources } from "./Sources";
import { WhereTimeWent } from "./WhereTimeWent";

/** The lines of a report by their kind. */
interface Report {
  findings: Finding[];
  spending: Spending[];
  sources: Source[];
  losses: Loss[];
  withheld: Withheld[];
  summary: Summary | undefined;
}

function sort(lines: readonly Line[]): Report {
  const of = <T,>(kind: string) => lines.filter((line) => line.kind === kind) as unknown as T[];
  return {
    findings: of<Finding>("finding"),
    spending: of<Spending>("spending"),
    sources: of<Source>("source"),
    losses: of<Loss>("loss"),
    withheld: of<Withheld>("withheld"),
    summary: of<Summary>("summary")[0],
  };
}

/** The first screen: what happened, what it cost, and what proves it. */
export function Findings({ current, params }: PageProps) {
  const report = useData<{ lines: Line[] }>(`cases/${current.id}/report`, {}, current.revision);
  const sorted = useMemo(() => report.data && sort(report.data.lines), [report.data]);
  useStatus(sorted ? plural(sorted.findings.length, "finding") : "");
  if (!sorted && current.state === "reading" && current.revision === 0) return <Empty>Reading: findings are shown as soon as there are any.</Empty>;
  return <Await of={{ ...report, data: sorted }} what="getting the findings">{(all) => <Shown report={all} current={current} open={params.get("finding")} />}</Await>;
}

function Shown({ report, current, open }: { report: Report; current: Case; open: string }) {
  const [rule, showRule] = useState("");
  const { findings, sources } = report;
  const names = labels(sources.map((s) => s.name));
  const most = Math.max(...findings.map((f) => f.cost_ns), 0);
  return (
    <div class="page findings">
      <h1>{title(findings)}</h1>
      <p class="dim">
        <Span report={report} />
      </p>
      {current.preliminary && (
        <p class="hint" role="status">
          ◔ Preliminary: the files are still being read, and findings may change.
        </p>
      )}
      {findings.length === 0 && !current.preliminary && <p>Nothing that a diagnosis knows of was seen.{report.withheld.length > 0 && " What could not be judged is said below."}</p>}
      <ol class="cards">
        {findings.map((finding, i) => (
          <Card key={finding.id ?? finding.rank} finding={finding} most={most} names={names} open={i === 0 || (i < 3 && finding.severity !== "note")} chosen={open !== "" && open === String(finding.id ?? finding.rank)} sources={sources} showRule={showRule} />
        ))}
      </ol>
      <WhereTimeWent spending={report.spending} />
      <Sources sources={sources} losses={report.losses} />
      <NotJudged withheld={report.withheld} findings={findings} showRule={showRule} />
      {rule && <RulePage id={rule} close={() => showRule("")} />}
    </div>
  );
}

function title(findings: readonly Finding[]): string {
  const faults = findings.filter((f) => f.severity !== "note").length;
  const notes = findings.length - faults;
  const rest = notes ? ` · ${plural(notes, "note")}` : "";
  return (faults ? plural(faults, "finding") : "No fault found") + rest;
}

function Span({ report: { summary, sources } }: { report: Report }) {
  if (!summary) return null;
  const longest = Math.max(...sources.map((s) => s.duration_ns ?? 0), 0);
  const parts = [plural(summary.packets, "packet")];
  if (summary.events) parts.push(plural(summary.events, "event"));
  parts.push(plural(summary.conversations, "conversation"));
  if (longest > 0) parts.push(duration(longest));
  return <>{parts.join(" · ")}</>;
}
