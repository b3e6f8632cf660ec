import type { PageProps } from "../registry";

export function Follow(_: PageProps) {
  return <h1>Follow</h1>;
}
