import type { PageProps } from "../registry";

export function Conversations(_: PageProps) {
  return <h1>Conversations</h1>;
}
