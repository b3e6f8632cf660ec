import type { PageProps } from "../registry";

export function Records(_: PageProps) {
  return <h1>Records</h1>;
}
