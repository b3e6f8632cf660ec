// Factors one after another, from the rate of the slow run to that of the good one: the product of all is the ratio.
import { factorValue, waterfall, type Factor } from "./model";

export function Waterfall({ factors, ratio, unit }: { factors: readonly Factor[]; ratio: number; unit: string }) {
  const fall = waterfall(factors, ratio);
  const main = factors.reduce((a, b) => (Math.abs(b.share) > Math.abs(a?.share ?? 0) ? b : a), factors[0]);
  return (
    <section>
      <h2>Why: the product of all factors is {ratio.toPrecision(4)}</h2>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Factors of the ratio">
        <table class="waterfall">
          <thead>
            <tr>
              <th scope="col">difference</th>
              <th scope="col" class="right">slow run</th>
              <th scope="col" class="right">good run</th>
              <th scope="col" class="right">factor</th>
              <th scope="col" class="right">share</th>
              <th scope="col" class="fall">
                <span>slow run</span>
                <span>good run ×{ratio.toPrecision(3)}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {factors.map((f, i) => {
              const step = fall.steps[i]!;
              const [low, high] = [Math.min(step.from, step.to), Math.max(step.from, step.to)];
              const gains = f.factor >= 1;
              return (
                <tr key={f.name} class={f === main ? "main" : ""}>
                  <th scope="row">{f.name}</th>
                  <td class="right">{factorValue(f.name, f.slow, unit)}</td>
                  <td class="right">{factorValue(f.name, f.good, unit)}</td>
                  <td class="right">
                    <strong>×{f.factor.toFixed(3)}</strong>
                  </td>
                  <td class="right">{(f.share * 100).toFixed(Math.abs(f.share) < 0.1 ? 1 : 0)} %</td>
                  <td class="fall">
                    <div class="fall-bar" aria-hidden="true">
                      <span class={gains ? "gain" : "loss"} style={{ left: `${low}%`, width: `${Math.max(high - low, 0.4)}%` }}>
                        {high - low > 12 ? (gains ? "▶" : "◀") : ""}
                      </span>
                      <i style={{ left: `${step.to}%` }} />
                    </div>
                  </td>
                </tr>
              );
            })}
            <tr class="total">
              <th scope="row">all together</th>
              <td />
              <td />
              <td class="right">
                <strong>×{ratio.toFixed(3)}</strong>
              </td>
              <td class="right">100 %</td>
              <td class="fall">
                <div class="fall-bar" aria-hidden="true">
                  <span class="all" style={{ left: `${Math.min(fall.one, fall.ratio)}%`, width: `${Math.max(Math.abs(fall.ratio - fall.one), 0.4)}%` }} />
                </div>
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <p class="dim">▶ makes the good run faster, ◀ speaks for the slow one. The axis is logarithmic: equal factors are equally wide.</p>
    </section>
  );
}
