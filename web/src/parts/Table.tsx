// A short table, all of it drawn, sortable by its headers. Long lists are parts/Grid.tsx.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Field<T> {
  id: string;
  title: string;
  right?: boolean;
  /** What to sort by; without it the column cannot be sorted by. */
  by?: (row: T) => number | string | bigint;
  cell: (row: T) => ComponentChildren;
}

export function Table<T>({ caption, fields, rows }: { caption: string; fields: readonly Field<T>[]; rows: readonly T[] }) {
  const [order, setOrder] = useState<{ id: string; desc: boolean }>();
  const by = fields.find((f) => f.id === order?.id)?.by;
  const sorted = by ? [...rows].sort((x, y) => compare(by(x), by(y)) * (order!.desc ? -1 : 1)) : rows;
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {fields.map((f) => {
              const is = order?.id === f.id ? (order.desc ? "descending" : "ascending") : undefined;
              return (
                <th key={f.id} scope="col" class={f.right ? "right" : ""} aria-sort={is}>
                  {f.by ? (
                    <button type="button" class="plain" onClick={() => setOrder({ id: f.id, desc: is ? !order!.desc : typeof f.by!(rows[0] as T) !== "string" })}>
                      {f.title}
                      <span aria-hidden="true">{is ? (is === "ascending" ? " ▲" : " ▼") : ""}</span>
                    </button>
                  ) : (
                    f.title
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row, i) => (
            <tr key={i}>
              {fields.map((f) => (
                <td key={f.id} class={f.right ? "right" : ""}>
                  {f.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compare(a: number | string | bigint, b: number | string | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
