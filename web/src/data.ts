// Answers as state of a component: what is there is shown at once, what comes later replaces it.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, get, type Query } from "./api";
import type { Paged } from "./types";

export interface Data<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
}

// The answers of views that were left, so that going back shows them at once.
const KEPT = 40;
const kept = new Map<string, unknown>();

function keep(key: string, value: unknown) {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
}

/**
 * GET of a path below /api/v1/, again when the path, the query or the revision changes; nothing for an empty path.
 * While an answer is under way the one before is kept when it is of the same path and query, so that nothing flickers.
 */
export function useData<T>(path: string, query: Query = {}, revision: number | string = 0): Data<T> {
  const key = path && address(path, query);
  const [answer, setAnswer] = useState<{ key: string; data?: T; error?: Error }>({ key: "" });
  useEffect(() => {
    if (!key) return;
    const controller = new AbortController();
    get<T>(path, query, controller.signal).then(
      (data) => {
        keep(key, data);
        setAnswer({ key, data });
      },
      (error: Error) => {
        if (!controller.signal.aborted) setAnswer({ key, error });
      },
    );
    return () => controller.abort();
  }, [key, revision]);
  if (!key) return { data: undefined, error: undefined, loading: false };
  if (answer.key === key) return { data: answer.data, error: answer.error, loading: false };
  return { data: kept.get(key) as T | undefined, error: undefined, loading: true };
}

const PAGE = 200;
const PAGES = 60;
const AGAIN_MS = 700;

/** Rows of a long list on the server, got a page at a time as they come into view. */
export class Pages<T> {
  total = 0;
  complete = false;
  loaded = false;
  error: Error | undefined;
  private readonly pages = new Map<number, T[] | "wanted">();
  private readonly controller = new AbortController();
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly short = new Set<number>();

  constructor(
    private readonly path: string,
    private readonly query: Query,
    private readonly changed: () => void,
  ) {
    this.want(0);
  }

  stop() {
    this.controller.abort();
    clearTimeout(this.again);
  }

  /** Whether a row that is there is such. */
  some(is: (row: T) => boolean): boolean {
    for (const page of this.pages.values()) if (Array.isArray(page) && page.some(is)) return true;
    return false;
  }

  /** The row at i, or undefined while it is not there: it is asked for. */
  row(i: number): T | undefined {
    const n = Math.floor(i / PAGE);
    const page = this.pages.get(n);
    if (page === undefined) this.want(n);
    return Array.isArray(page) ? page[i - n * PAGE] : undefined;
  }

  private want(n: number) {
    if (this.controller.signal.aborted) return;
    this.pages.set(n, "wanted");
    // A jump passes many pages: those that are out of view when their turn comes are not asked for.
    queueMicrotask(() => void this.load(n));
  }

  private async load(n: number) {
    try {
      const answer = await get<Paged<T>>(this.path, { ...this.query, offset: n * PAGE || undefined, limit: PAGE }, this.controller.signal);
      this.pages.delete(n);
      this.pages.set(n, answer.rows);
      this.total = Math.max(answer.total, answer.complete ? 0 : this.total);
      this.complete = answer.complete;
      this.loaded = true;
      this.error = undefined;
      for (const oldest of this.pages.keys()) {
        if (this.pages.size <= PAGES) break;
        this.pages.delete(oldest);
        this.short.delete(oldest);
      }
      // The list grows: pages that are not full are asked for again, until one of them ends it.
      if (answer.complete || answer.rows.length === PAGE) this.short.delete(n);
      else this.short.add(n);
      if (!answer.complete || this.short.size) this.later();
    } catch (error) {
      if (this.controller.signal.aborted) return;
      this.pages.delete(n);
      this.error = error as Error;
    }
    this.changed();
  }

  private later() {
    this.again ??= setTimeout(() => {
      this.again = undefined;
      const pages = this.short.size ? [...this.short] : [Math.floor(this.total / PAGE)];
      for (const n of pages) void this.load(n);
    }, AGAIN_MS);
  }
}

/** Pages of a list; new ones when path, query or revision change. */
export function usePages<T>(path: string, query: Query, revision: number | string = 0): Pages<T> {
  const [, draw] = useState(0);
  const key = address(path, query) + " " + revision;
  const now = useRef<{ key: string; pages: Pages<T> } | undefined>(undefined);
  if (now.current?.key !== key) {
    now.current?.pages.stop();
    now.current = { key, pages: new Pages<T>(path, query, () => draw((n) => n + 1)) };
  }
  useEffect(() => () => now.current?.pages.stop(), []);
  return now.current.pages;
}
