// The cases that the server has, the one that is looked at, and news of it.
import { createContext, type ComponentChildren } from "preact";
import { useCallback, useContext, useEffect, useMemo, useState } from "preact/hooks";
import { APIError, events, get, isStatic, remove } from "./api";
import { patchRoute, useRoute } from "./route";
import type { Case, Root } from "./types";

export interface Session {
  product: string;
  cases: Case[];
  /** The case that is looked at; undefined when there is none. */
  current: Case | undefined;
  error: Error | undefined;
  loaded: boolean;
  /** Gets the list again; `id` is then looked at. */
  reload: (id?: string) => Promise<void>;
  close: (id: string) => Promise<void>;
}

const Context = createContext<Session>({
  product: "wiretale",
  cases: [],
  current: undefined,
  error: undefined,
  loaded: false,
  reload: async () => {},
  close: async () => {},
});

export const useSession = (): Session => useContext(Context);

export function SessionProvider({ children }: { children: ComponentChildren }) {
  const [root, setRoot] = useState<Root>();
  const [error, setError] = useState<Error>();
  const wanted = useRoute().params.get("case");
  const cases = root?.cases ?? [];
  const current = cases.find((one) => one.id === wanted) ?? (wanted ? undefined : cases[0]);

  const reload = useCallback(async (id?: string) => {
    try {
      const answer = await get<Root>("");
      setRoot(answer);
      setError(undefined);
      if (id !== undefined) patchRoute({ case: id === answer.cases[0]?.id ? undefined : id });
    } catch (e) {
      setError(e as Error);
    }
  }, []);
  useEffect(() => void reload(), []);

  const replace = useCallback((one: Case) => {
    setRoot((old) => old && { ...old, cases: old.cases.map((c) => (c.id === one.id ? one : c)) });
  }, []);
  const id = current?.id;
  useEffect(() => {
    if (id === undefined || isStatic) return;
    return events<Case>(`cases/${id}/events`, "case", replace);
  }, [id]);

  const close = useCallback(async (gone: string) => {
    try {
      await remove(`cases/${gone}`);
    } catch (e) {
      if (!(e instanceof APIError && e.status === 404)) throw e;
    }
    patchRoute({ case: undefined });
    await reload();
  }, []);

  const session = useMemo<Session>(
    () => ({ product: root?.product ?? "wiretale", cases, current, error, loaded: root !== undefined, reload, close }),
    [root, current, error],
  );
  return <Context.Provider value={session}>{children}</Context.Provider>;
}
