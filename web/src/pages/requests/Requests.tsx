import type { PageProps } from "../registry";

export function Requests(_: PageProps) {
  return <h1>Requests</h1>;
}
