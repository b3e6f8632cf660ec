// What is shown when there is nothing else to show.
import type { ComponentChildren } from "preact";
import { APIError } from "../api";
import type { Data } from "../data";
import { visible } from "../format";

export function Loading({ what = "loading" }: { what?: string }) {
  return (
    <p class="state" role="status">
      <span class="spinner" aria-hidden="true" /> {what}…
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="state">{children}</p>;
}

export function Failed({ error }: { error: Error }) {
  const suggestion = error instanceof APIError ? error.suggestion : undefined;
  return (
    <p class="state failed" role="alert">
      <strong>✕ Not shown:</strong> {visible(error.message)}
      {suggestion ? ` · ${visible(suggestion)}` : ""}
    </p>
  );
}

/** Shows data when it is there, else why it is not. */
export function Await<T>({ of, what, children }: { of: Data<T>; what?: string; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <Failed error={of.error} />;
  return <Loading what={what} />;
}
