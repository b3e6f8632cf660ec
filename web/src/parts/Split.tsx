// Two parts, one above or beside the other, with a bar between them that mouse and arrow keys move.
import "./split.css";
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { store, stored } from "../stored";

interface Props {
  name: string;
  label: string;
  /** "rows": one above the other. */
  direction: "rows" | "columns";
  /** Share of the first part at the beginning, in percent. */
  share: number;
  children: [ComponentChildren, ComponentChildren];
}

const LEAST = 10;

export function Split({ name, label, direction, share: initial, children }: Props) {
  const [share, setShare] = useState(() => Number(stored("split." + name)) || initial);
  const box = useRef<HTMLDivElement>(null);
  const rows = direction === "rows";
  const set = (to: number) => {
    const next = Math.round(Math.min(Math.max(to, LEAST), 100 - LEAST));
    setShare(next);
    store("split." + name, String(next));
  };
  return (
    <div ref={box} class={`split ${direction}`} style={{ "--share": `${share}%` }}>
      <div class="split-part first">{children[0]}</div>
      <div
        class="splitter"
        role="separator"
        tabIndex={0}
        aria-label={label}
        aria-orientation={rows ? "horizontal" : "vertical"}
        aria-valuenow={share}
        aria-valuemin={LEAST}
        aria-valuemax={100 - LEAST}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId) || !box.current) return;
          const r = box.current.getBoundingClientRect();
          set(100 * (rows ? (event.clientY - r.top) / r.height : (event.clientX - r.left) / r.width));
        }}
        onKeyDown={(event) => {
          const by = { ArrowUp: -4, ArrowLeft: -4, ArrowDown: 4, ArrowRight: 4 }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          set(share + by);
        }}
      />
      <div class="split-part">{children[1]}</div>
    </div>
  );
}
