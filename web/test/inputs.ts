// The files that tests look at.
import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
export const inputs = join(root, "web", "test-results", "inputs");
export const shots = join(root, "web", "test-results", "shots");

const named = process.env["WIRETALE"];
export const wiretale = named ? (isAbsolute(named) ? named : resolve(root, "web", named)) : join(root, "bin", "wiretale");

export const input = (name: string) => join(inputs, name);

/** Files of ../shared/captures; undefined when that is not here. */
export function capture(...names: string[]): string[] | undefined {
  const files = names.map((name) => resolve(root, "../shared/captures", name));
  return files.every((file) => existsSync(file)) ? files : undefined;
}
