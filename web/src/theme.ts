// Light and dark: the system's choice until the user makes another.
import { useEffect, useState } from "preact/hooks";
import { store, stored } from "./stored";

export type Theme = "light" | "dark";
export type Choice = Theme | "system";

const system = matchMedia("(prefers-color-scheme: dark)");

function choice(): Choice {
  const text = stored("theme");
  return text === "light" || text === "dark" ? text : "system";
}

/** The theme that is shown. */
export function theme(): Theme {
  const c = choice();
  return c === "system" ? (system.matches ? "dark" : "light") : c;
}

function show() {
  document.documentElement.dataset["theme"] = theme();
  dispatchEvent(new Event("wiretale:theme"));
}

export function startTheme() {
  show();
  system.addEventListener("change", show);
}

export function chooseTheme(c: Choice) {
  store("theme", c === "system" ? "" : c);
  show();
}

/** The theme, for what is drawn on a canvas and has to be drawn again when it changes. */
export function useTheme(): { theme: Theme; choice: Choice } {
  const [, draw] = useState(0);
  useEffect(() => {
    const changed = () => draw((n) => n + 1);
    addEventListener("wiretale:theme", changed);
    return () => removeEventListener("wiretale:theme", changed);
  }, []);
  return { theme: theme(), choice: choice() };
}

/** The value of a colour of style.css, such as "--accent". */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
