import type { PageProps } from "../registry";

export function Findings(_: PageProps) {
  return <h1>Findings</h1>;
}
