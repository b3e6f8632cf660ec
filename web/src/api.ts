// The one place that gets data: from a static report's embedded answers when there are any, else from the server.
import { answersOf, find, type Answers } from "./static";

/** What went wrong, as the server says it; column counts from 1 and is that of a filter. */
export class APIError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly column?: number,
    readonly length?: number,
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

export type Value = string | number | boolean | bigint | undefined | null;
/** Parameters of a query; lists are repeated, empty ones left out. */
export type Query = Record<string, Value | readonly Value[]>;

const PREFIX = "/api/v1/";
const embedded = readEmbedded();

/** True in a report that was saved as one file: nothing else than what it holds can be had. */
export const isStatic = embedded !== undefined;

function readEmbedded(): Answers | undefined {
  const element = document.getElementById("wiretale-data");
  if (!element) return undefined;
  return answersOf(parse(element.textContent ?? "{}") as Record<string, unknown>);
}

/**
 * Parses JSON so that integers beyond 2^53, such as nanoseconds since 1970, come as bigint and lose no digits.
 * Other numbers are numbers.
 */
export function parse(text: string): unknown {
  if (!/[:[,]\s*-?\d{16}/.test(text)) return JSON.parse(text);
  // A mark that no string of the answer can hold, since it is made up after the answer came.
  const mark = crypto.getRandomValues(new Uint32Array(4)).join(".") + ":";
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${mark}${token}"`,
  );
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(mark)) return value;
    const whole = BigInt(value.slice(mark.length));
    return whole >= -MAX_SAFE && whole <= MAX_SAFE ? Number(whole) : whole;
  });
}
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The path with its query in canonical order: sorted by name, empty values left out. */
export function address(path: string, query: Query = {}): string {
  const pairs: string[] = [];
  for (const name of Object.keys(query).sort()) {
    const value = query[name];
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === null || one === "" || one === false) continue;
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(one === true ? "1" : String(one))}`);
    }
  }
  return path + (pairs.length ? "?" + pairs.join("&") : "");
}

/** GET of a path below /api/v1/. */
export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const full = PREFIX + address(path, query);
  if (embedded) {
    const answer = find(embedded, full);
    if (answer === undefined) throw new APIError("this report does not hold it; open the capture with wiretale serve", 404);
    return answer as T;
  }
  return (await send(full, { signal })) as T;
}

async function send(path: string, init: RequestInit): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new APIError("no answer: wiretale serve does not run any more", 0);
  }
  const text = await answer.text();
  if (!answer.ok) throw problem(answer, text);
  return text === "" ? undefined : parse(text);
}

function problem(answer: { status: number; statusText: string }, text: string): APIError {
  try {
    const { error } = JSON.parse(text) as { error: { message: string; column?: number; length?: number; suggestion?: string } };
    return new APIError(error.message, answer.status, error.column, error.length, error.suggestion);
  } catch {
    return new APIError(text.trim() || answer.statusText || `status ${answer.status}`, answer.status);
  }
}

/** DELETE of a path below /api/v1/. */
export async function remove(path: string): Promise<void> {
  await send(PREFIX + path, { method: "DELETE", headers: { "X-Wiretale": "1" } });
}

/** POST of nothing to a path below /api/v1/. */
export async function post(path: string): Promise<void> {
  await send(PREFIX + path, { method: "POST", headers: { "X-Wiretale": "1" } });
}

/** Sends files as one new case. XMLHttpRequest, since fetch tells nothing of how much was sent. */
export function upload<T>(files: readonly File[], progress: (sent: number, total: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    for (const file of files) body.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", PREFIX + "cases");
    request.setRequestHeader("X-Wiretale", "1");
    request.upload.onprogress = (event) => progress(event.loaded, event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(parse(request.responseText) as T);
      else reject(problem(request, request.responseText));
    };
    request.onerror = () => reject(new APIError("the files could not be sent: wiretale serve does not run any more", 0));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** Follows Server-Sent Events of one name until the function that it returns is called; none in a static report. */
export function events<T>(path: string, name: string, receive: (data: T) => void): () => void {
  if (embedded) return () => {};
  const source = new EventSource(PREFIX + path, { withCredentials: true });
  source.addEventListener(name, (event) => receive(parse((event as MessageEvent<string>).data) as T));
  return () => source.close();
}
