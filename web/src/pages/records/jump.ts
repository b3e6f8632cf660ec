// Finding the next record of some kind, from one that is chosen, without changing what the list shows.
import { get } from "../../api";
import type { ListRow, Paged, Place } from "../../types";

interface Position {
  index: number;
  offset: number;
}

const AGAIN_MS = 250;
const rest = () => new Promise((resolve) => setTimeout(resolve, AGAIN_MS));

/**
 * Where a record is in the list that a filter leaves; the nearest one after it when the filter leaves it out.
 * While a filter is at work an offset may be that of an earlier row: it is asked again until the row there is not before the record.
 */
export async function place(id: string, at: Place, filter: string, signal?: AbortSignal): Promise<Position> {
  for (;;) {
    const found = await get<Position>(`cases/${id}/place`, { source: at.source, frame: at.frame, filter }, signal);
    if (!filter) return found;
    const { rows, complete, total } = await get<Paged<ListRow>>(`cases/${id}/rows`, { filter, offset: found.offset || undefined, limit: 1 }, signal);
    if (rows[0] && rows[0].index >= found.index) return found;
    if (!rows[0] && complete) return { index: found.index, offset: Math.max(total - 1, 0) };
    await rest();
  }
}

/** The nearest record before or after one that a filter leaves; undefined when there is none. */
export async function nearest(id: string, from: ListRow, filter: string, forward: boolean): Promise<ListRow | undefined> {
  const { offset } = await place(id, from, filter);
  const first = Math.max(offset - 1, 0);
  for (;;) {
    const { rows, complete } = await get<Paged<ListRow>>(`cases/${id}/rows`, { filter, offset: first || undefined, limit: 3 });
    const found = forward ? rows.find((row) => row.index > from.index) : rows.filter((row) => row.index < from.index).at(-1);
    if (found || complete || rows.length === 3) return found;
    await rest();
  }
}

/** What is looked for: a display filter when it is one, else a text in the bytes of records. */
export async function searchFilter(text: string): Promise<string> {
  if (/[=<>&|]|^[a-z]\w*(\.\w+)*$|contains|matches/.test(text)) {
    try {
      await get("filter", { filter: text });
      return text;
    } catch {
      // It only looked like one.
    }
  }
  return `frame contains "${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** "95534" or "a:95534" or "0:95534". */
export function parsePlace(text: string): Place | undefined {
  const match = /^(?:([a-z]|\d+):)?(\d+)$/.exec(text.trim());
  if (!match) return undefined;
  const source = match[1] === undefined ? 0 : /\d/.test(match[1]) ? Number(match[1]) : match[1].charCodeAt(0) - 97;
  return { source, frame: Number(match[2]) };
}
