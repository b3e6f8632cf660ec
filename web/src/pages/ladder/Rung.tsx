// One row of the ladder: life lines of the hosts, the message from one to the other, or a silence.
import { duration, nanoseconds, visible } from "../../format";
import { lostShare, trouble, type Line, type Message, type Route } from "./model";

export const HEIGHT = 28;
const MIDDLE = 19;

/** Where the line of a host is, in percent of the width. */
export function column(i: number, hosts: number): number {
  return ((i + 0.5) / hosts) * 100;
}

export function Rung({ line, hosts, routes, title }: { line: Line; hosts: number; routes: readonly Route[]; title: string }) {
  return (
    <svg class={`rung ${line.is}`} width="100%" height={HEIGHT} aria-hidden="true">
      {Array.from({ length: hosts }, (_, i) => (
        <line key={i} class="life" x1={`${column(i, hosts)}%`} x2={`${column(i, hosts)}%`} y1="0" y2={HEIGHT} stroke-dasharray={line.is === "silence" ? "3 5" : undefined} />
      ))}
      {line.is === "message" && <Arrow message={line.message} hosts={hosts} routes={routes} title={title} />}
      {line.is === "silence" && line.label && (
        <text class={line.longest ? "silence-longest" : "silence"} x="50%" y={MIDDLE - 1} text-anchor="middle">
          ⋯ {duration(Math.round(line.ns))} of silence ⋯
        </text>
      )}
    </svg>
  );
}

function Arrow({ message: m, hosts, routes, title }: { message: Message; hosts: number; routes: readonly Route[]; title: string }) {
  const [x0, x1] = [column(m.from, hosts), column(m.to, hosts)];
  const bad = trouble(m);
  const lost = (m.lost_at?.length ?? 0) > 0;
  const share = lost ? lostShare(m, routes) : 1;
  const end = x0 + (x1 - x0) * share;
  const back = x1 < x0;
  const kind = bad && m.kind !== "failure" && m.kind !== "reset" ? "bad" : m.kind;
  if (m.from === m.to) {
    return (
      <text class={`message ${kind}`} x={`${x0}%`} y={MIDDLE} dx="8">
        ↺ {visible(m.label)}
      </text>
    );
  }
  const text = `${bad ? `${bad}: ` : ""}${visible(m.label)}`;
  return (
    <>
      <title>{title}</title>
      <text class={`message ${kind}`} x={`${(x0 + x1) / 2}%`} y={MIDDLE - 5} text-anchor="middle">
        {text}
        {m.arrived && <tspan class="way"> {delay(m, lost)}</tspan>}
      </text>
      <line class={`shaft ${kind}`} x1={`${x0}%`} x2={`${end}%`} y1={MIDDLE} y2={MIDDLE} />
      <svg x={`${x0}%`} y={MIDDLE} overflow="visible">
        <circle class={`tail ${kind}`} r="2.5" />
      </svg>
      <svg x={`${end}%`} y={MIDDLE} overflow="visible">
        {lost ? <path class="lost" d="M-6 -6L6 6M-6 6L6 -6" /> : <path class={`head ${kind}`} d={back ? "M0 0L9 -4.5V4.5z" : "M0 0L-9 -4.5V4.5z"} />}
      </svg>
    </>
  );
}

/** How long the message took to the last point that has it: of one that was lost behind that, when it was seen last. */
function delay(m: Message, lost: boolean): string {
  const [a, b] = [nanoseconds(m.time), nanoseconds(m.arrived)];
  if (a === undefined || b === undefined || b <= a) return "";
  return lost ? `(last seen ${duration(b - a)} later)` : `(${duration(b - a)} on the way)`;
}
