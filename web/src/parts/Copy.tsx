import { useEffect, useState } from "preact/hooks";

/** A button that copies a text; it says when that was done. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), 1500);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button type="button" class="small" title={`Copy the ${what}`} aria-label={said || `Copy the ${what}`} onClick={async () => say((await copy(text)) ? "Copied" : "Not copied")}>
      {said ? `✓ ${said}` : "Copy"}
    </button>
  );
}

/** Puts a text on the clipboard; false when the browser refuses. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Files opened from disk have no clipboard in some browsers, but can copy a selection.
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  const before = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
