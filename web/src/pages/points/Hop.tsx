// What became of packets between two points: one arrow each way, with loss, delay and what was rewritten.
import { count, duration, percent, visible } from "../../format";
import { sent, type Between, type HopLine, type Period } from "./model";

export function Hop({ between, greatest, name }: { between: Between; greatest: number; name: (source: number) => string }) {
  const { forth, back, rewrites } = between;
  const bad = (forth?.way.lost ?? 0) + (back?.way.lost ?? 0) > 0;
  return (
    <div class={`hop${bad ? " lossy" : ""}`}>
      <Direction hop={forth} sign="→" greatest={greatest} periods={periods(between, between.a)} label={`${name(between.a)} to ${name(between.b)}`} />
      <Direction hop={back} sign="←" greatest={greatest} periods={periods(between, between.b)} label={`${name(between.b)} to ${name(between.a)}`} />
      {rewrites.length > 0 && (
        <ul class="rewrites" aria-label="Rewritten on the way">
          {rewrites.slice(0, 6).map((r, i) => (
            <li key={i}>
              <span aria-hidden="true">✎ </span>
              {r.field}: <code>{visible(r.before)}</code> is <code>{visible(r.behind)}</code>
            </li>
          ))}
          {rewrites.length > 6 && <li class="dim">and {rewrites.length - 6} more</li>}
        </ul>
      )}
    </div>
  );
}

function periods(between: Between, from: number): readonly Period[] {
  // The profile is of the pair, which other routes may pass too: shown where the hop is known to be one.
  const hop = between.a === from ? between.forth : between.back;
  return hop?.known ? (between.over?.find((o) => o.from === from && o.level)?.periods ?? []) : [];
}

function Direction({ hop, sign, greatest, periods: over, label }: { hop: HopLine | undefined; sign: string; greatest: number; periods: readonly Period[]; label: string }) {
  if (!hop) return <p class="hop-way dim">{sign} nothing seen from {label}</p>;
  const { way } = hop;
  const all = sent(way);
  const p50 = way.delay_p50_ns;
  return (
    <section class="hop-way" aria-label={label}>
      <div class={way.lost > 0 ? "hop-arrow lossy" : "hop-arrow"} aria-hidden="true">
        {sign === "→" ? "" : "◀"}
        <span class="hop-shaft" />
        {way.lost > 0 && <span class="hop-cross">✕</span>}
        {way.lost > 0 && <span class="hop-shaft dotted" />}
        {sign === "→" ? "▶" : ""}
      </div>
      <p>
        {way.lost > 0 ? (
          <strong class="failed">
            ✕ {count(way.lost)} of {count(all)} lost ({percent(way.lost, all)})
          </strong>
        ) : (
          <span>
            {count(way.matched)} of {count(all)} arrive
          </span>
        )}
      </p>
      {p50 !== undefined && (
        <p class="hop-delay">
          <span class="hop-bar" aria-hidden="true">
            <span style={{ width: `${Math.max((100 * p50) / (greatest || 1), 1)}%` }} />
          </span>
          <strong>{duration(p50)}</strong>
          <span class="dim">
            {" "}
            least {duration(way.delay_min_ns)}, 95 % {duration(way.delay_p95_ns)}
          </span>
        </p>
      )}
      {over.length > 2 && <Spark periods={over} label={`delay over time from ${label}`} />}
      <p class="dim">
        {[
          hop.ttl ? `TTL ${hop.ttl > 0 ? "−" : "+"}${Math.abs(hop.ttl)}` : "",
          way.reordered ? `${count(way.reordered)} reordered` : "",
          way.altered ? `${count(way.altered)} with other content` : "",
          way.twice ? `${count(way.twice)} twice` : "",
          way.foreign?.length ? `${way.foreign.length} from elsewhere` : "",
          way.only ? `${count(way.only)} only behind it` : "",
          hop.known ? "" : "order of the points not known",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </section>
  );
}

const WIDE = 180;
const HIGH = 30;

/** Delay over time, from the least to the greatest: the line is of half of the packets, the area up to 95 %. */
function Spark({ periods: over, label }: { periods: readonly Period[]; label: string }) {
  const from = Date.parse(over[0]!.from);
  const to = Date.parse(over[over.length - 1]!.from) || from + 1;
  const most = Math.max(...over.map((p) => p.p95_ns), 1);
  const x = (p: Period) => ((Date.parse(p.from) - from) / Math.max(to - from, 1)) * WIDE;
  const y = (ns: number) => HIGH - 1 - (ns / most) * (HIGH - 3);
  const line = over.map((p, i) => `${i ? "L" : "M"}${x(p).toFixed(1)} ${y(p.p50_ns).toFixed(1)}`).join("");
  const area = over.map((p, i) => `${i ? "L" : "M"}${x(p).toFixed(1)} ${y(p.p95_ns).toFixed(1)}`).join("") + [...over].reverse().map((p) => `L${x(p).toFixed(1)} ${y(p.min_ns).toFixed(1)}`).join("") + "z";
  return (
    <svg class="spark" viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${duration(Math.min(...over.map((p) => p.min_ns)))} to ${duration(most)}`}>
      <path class="spark-area" d={area} />
      <path class="spark-line" d={line} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
