// The keyboard: what is open says which keys it takes, and the help overlay lists them.
import { useEffect, useRef } from "preact/hooks";

export interface Key {
  /** "?", "g", "ctrl+g", "shift+arrowdown": modifiers, then the key in lower case. Capital letters are "shift+g". */
  key: string;
  help: string;
  run: (event: KeyboardEvent) => void;
  /** Also while a text field has the focus. */
  always?: boolean;
}

interface Layer {
  group: string;
  keys: readonly Key[];
}

const layers: Layer[] = [];

/** Takes keys while the component is there; the layer that came last is asked first. */
export function useKeys(group: string, keys: readonly Key[]) {
  const layer = useRef<Layer>({ group, keys });
  layer.current.keys = keys;
  useEffect(() => {
    const own = layer.current;
    layers.push(own);
    return () => void layers.splice(layers.indexOf(own), 1);
  }, []);
}

/** What is taken at the moment, for the help. */
export function keyMap(): { group: string; keys: readonly Key[] }[] {
  return layers.filter((layer) => layer.keys.some((key) => key.help));
}

export function nameOf(event: KeyboardEvent): string {
  let name = event.key.toLowerCase();
  if (name === " ") name = "space";
  // Of "?" and "." the shift is part of the key; of letters and named keys it is not.
  if (event.shiftKey && (name.length > 1 || /[a-z]/.test(name))) name = "shift+" + name;
  if (event.altKey) name = "alt+" + name;
  if (event.ctrlKey || event.metaKey) name = "ctrl+" + name;
  return name;
}

/** How a key is written for people. */
export function label(key: string): string {
  const names: Record<string, string> = { arrowup: "↑", arrowdown: "↓", arrowleft: "←", arrowright: "→", escape: "Esc", enter: "Enter", space: "Space", pageup: "PgUp", pagedown: "PgDn" };
  return key
    .split(/\+(?=.)/)
    .map((part) => names[part] ?? (part.length > 1 ? part[0]!.toUpperCase() + part.slice(1) : part))
    .join("+");
}

export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function startKeys() {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    const inField = typing(event.target);
    for (let i = layers.length - 1; i >= 0; i--) {
      for (const key of layers[i]!.keys) {
        if (key.key !== name || (inField && !key.always)) continue;
        event.preventDefault();
        key.run(event);
        return;
      }
    }
  });
}
