// The state of a view is the fragment of the URL, so that a link is a view and the back button works.
import { useEffect, useState } from "preact/hooks";

/** One parameter's values by its name; `all` for those that can be repeated. */
export class Params {
  constructor(private readonly search: URLSearchParams) {}
  get(name: string): string {
    return this.search.get(name) ?? "";
  }
  number(name: string): number | undefined {
    const text = this.search.get(name);
    if (text === null || !/^-?\d+$/.test(text)) return undefined;
    return Number(text);
  }
  all(name: string): string[] {
    return this.search.getAll(name);
  }
  copy(): URLSearchParams {
    return new URLSearchParams(this.search);
  }
}

export interface Route {
  page: string;
  params: Params;
}

export type Patch = Record<string, string | number | readonly string[] | undefined>;

export function parseRoute(hash: string): Route {
  const [path, query] = split(hash.replace(/^#\/?/, ""));
  return { page: path || "findings", params: new Params(new URLSearchParams(query)) };
}

function split(text: string): [string, string] {
  const at = text.indexOf("?");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** The fragment of a page with parameters; `case` goes on from the view that is open. */
export function link(page: string, patch: Patch = {}): string {
  const open = parseRoute(location.hash).params.get("case");
  const search = new URLSearchParams();
  apply(search, open && patch["case"] === undefined ? { case: open, ...patch } : patch);
  return fragment(page, search);
}

function apply(search: URLSearchParams, patch: Patch) {
  for (const [name, value] of Object.entries(patch)) {
    search.delete(name);
    if (Array.isArray(value)) for (const one of value as readonly string[]) search.append(name, one);
    else if (value !== undefined && value !== "") search.set(name, String(value));
  }
}

function fragment(page: string, search: URLSearchParams): string {
  const query = search.toString();
  return `#/${page}${query ? "?" + query : ""}`;
}

export function navigate(hash: string, replace = false) {
  if (hash === location.hash) return;
  if (replace) history.replaceState(history.state, "", hash);
  else history.pushState(null, "", hash);
  dispatchEvent(new Event("wiretale:route"));
}

/** Changes parameters of the view that is open. Replace for what moves often, such as the selected row. */
export function patchRoute(patch: Patch, replace = false) {
  const { page, params } = parseRoute(location.hash);
  const search = params.copy();
  apply(search, patch);
  navigate(fragment(page, search), replace);
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    for (const name of ["hashchange", "popstate", "wiretale:route"]) addEventListener(name, changed);
    return () => {
      for (const name of ["hashchange", "popstate", "wiretale:route"]) removeEventListener(name, changed);
    };
  }, []);
  return parseRoute(hash);
}
