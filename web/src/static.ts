// The answers that a report of one file holds. Lists are in it once: what a server would sort, search and cut is done here.
import type { Conversation, ListRow, Process, Request } from "./types";

export type Answers = ReadonlyMap<string, unknown>;

/** Answers by method, path and query as they are without escapes. */
export function answersOf(data: Record<string, unknown>): Answers {
  return new Map(Object.entries(data).map(([key, answer]) => [plain(key), answer]));
}

function plain(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

// What a static answer does not depend on: it holds the whole.
const CUTS = ["offset", "limit", "from", "to", "columns"];
// Pictures of the conversation that is worth most, when none is named.
const TOLD = ["timeline", "ladder", "plot", "story", "follow"];

/** The answer to a GET of a path with its query; undefined when the report does not hold it. */
export function find(answers: Answers, full: string): unknown {
  const key = "GET " + full;
  const exact = answers.get(plain(key));
  if (exact !== undefined) return exact;
  const at = key.indexOf("?");
  const path = at < 0 ? key : key.slice(0, at);
  const query = new URLSearchParams(at < 0 ? "" : key.slice(at + 1));
  const list = answers.get(path) as { rows?: unknown[] } | undefined;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (list?.rows && name in lists) return part(list.rows, name, query);
  if (name === "place") return place(answers.get(path.replace(/place$/, "rows")) as { rows?: ListRow[] } | undefined, query);
  for (const cut of CUTS) query.delete(cut);
  const found = answers.get(plain(withQuery(path, query)));
  if (found !== undefined || !TOLD.includes(name) || query.has("conversation") || query.has("process")) return found;
  const told = (answers.get("GET /api/v1/") as { told?: number[] } | undefined)?.told?.[0];
  if (told === undefined) return undefined;
  query.set("conversation", String(told));
  query.sort();
  return answers.get(plain(withQuery(path, query)));
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

type Getter = (row: never) => string | number | undefined;
const owner = (p: { pid: number; name?: string } | undefined) => (p ? `${(p.name ?? "").toLowerCase()} ${p.pid}` : "");

/** What lists can be sorted by, and the text that is searched. */
const lists: Record<string, { sort: Record<string, Getter>; text: (row: never) => string }> = {
  conversations: {
    sort: {
      id: (c: Conversation) => c.id,
      a: (c: Conversation) => c.a.address,
      b: (c: Conversation) => c.b.address,
      packets: (c: Conversation) => c.packets,
      bytes: (c: Conversation) => c.bytes,
      duration: (c: Conversation) => c.duration_ns,
      rtt: (c: Conversation) => c.rtt_ns,
      retransmissions: (c: Conversation) => c.retransmissions,
      process: (c: Conversation) => owner(c.process),
      first: (c: Conversation) => c.time,
    },
    text: (c: Conversation) => `${c.proto} ${c.a.address} ${c.b.address} ${c.end ?? ""} ${c.process ? `${c.process.name ?? ""} (${c.process.pid})` : ""}`,
  },
  processes: {
    sort: {
      name: (p: Process) => (p.name ?? "").toLowerCase(),
      pid: (p: Process) => p.pid,
      conversations: (p: Process) => p.conversations?.length ?? 0,
      packets: (p: Process) => p.packets,
      bytes: (p: Process) => p.bytes,
    },
    text: (p: Process) => `${p.name ?? ""} (${p.pid}) ${p.command_line ?? ""}`,
  },
  requests: {
    sort: {
      service: (r: Request) => r.service_ns,
      transfer: (r: Request) => r.transfer_ns,
      whole: (r: Request) => r.whole_ns,
      bytes: (r: Request) => r.moved_bytes || r.answer_bytes,
      depth: (r: Request) => r.depth,
      status: (r: Request) => r.status ?? "",
      name: (r: Request) => r.name ?? "",
      command: (r: Request) => r.command,
      protocol: (r: Request) => r.protocol,
    },
    text: (r: Request) => `${r.protocol} ${r.command} ${r.name ?? ""} ${r.status ?? ""} ${r.text ?? ""} ${r.client} ${r.server}`,
  },
  rows: { sort: {}, text: (r: ListRow) => r.info },
};

function part(rows: readonly unknown[], name: string, query: URLSearchParams) {
  const { sort, text } = lists[name]!;
  let out = rows as never[];
  const q = query.get("q")?.toLowerCase();
  if (q) out = out.filter((row) => text(row).toLowerCase().includes(q));
  const conversation = query.get("conversation");
  if (conversation !== null) out = out.filter((row) => (row as { conversation?: number }).conversation === Number(conversation));
  const filter = query.get("filter");
  if (filter) {
    const passes = simple(filter);
    if (!passes) return undefined;
    out = out.filter(passes as (row: unknown) => boolean);
  }
  const by = sort[query.get("sort") ?? ""];
  if (by) out = [...out].sort((x, y) => order(by(x), by(y)));
  if (query.has("desc")) out = by ? out.reverse() : [...out].reverse();
  const from = Number(query.get("offset") ?? 0);
  return { total: out.length, complete: true, rows: out.slice(from, from + Number(query.get("limit") ?? out.length)) };
}

function order(a: string | number | undefined, b: string | number | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The one filter that needs no server: a conversation by its number. */
function simple(filter: string): ((row: { conversation?: number; id?: number }) => boolean) | undefined {
  const id = /^conv\.id == (\d+)$/.exec(filter)?.[1];
  return id === undefined ? undefined : (row) => (row.conversation ?? row.id) === Number(id);
}

/** Where a record is, the nearest that the report holds after it otherwise. */
function place(list: { rows?: ListRow[] } | undefined, query: URLSearchParams) {
  const filter = query.get("filter");
  const passes = filter ? simple(filter) : () => true;
  if (!list?.rows || !passes) return undefined;
  const rows = list.rows.filter(passes);
  const source = Number(query.get("source") ?? 0);
  const frame = Number(query.get("frame"));
  let offset = rows.findIndex((row) => row.source === source && row.frame >= frame);
  if (offset < 0) offset = rows.length - 1;
  return offset < 0 ? undefined : { index: rows[offset]!.index, offset };
}
