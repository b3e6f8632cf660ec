import { useEffect, useState } from "preact/hooks";

const REST_MS = 250;

/** A field that narrows a list to what has a text; it waits until typing rests. */
export function Search({ value, change, label }: { value: string; change: (text: string) => void; label: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => change(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <input class="search" type="search" aria-label={label} placeholder={label} value={text} onInput={(event) => setText(event.currentTarget.value)} />;
}
