// The picture of the timeline: wheel and keys zoom, dragging and arrows move, a click selects.
import { useCallback, useRef, useState } from "preact/hooks";
import { Canvas, Tip } from "../../picture/Canvas";
import { pan, zoom, type Extent } from "../../picture/extent";
import { duration, owner, seconds, visible } from "../../format";
import { sourceName } from "../../parts/Links";
import { draw, hit, type Scene } from "./draw";
import type { Places } from "./layout";
import { remarks, type Model } from "./model";

interface Props {
  label: string;
  model: Model;
  places: Places;
  view: Extent;
  /** Wanted by the user. */
  onView: (view: Extent) => void;
  selected: number;
  onSelect: (i: number) => void;
  several: boolean;
}

export const LEAST = 1;
const MOVED = 4;

export function Lanes({ label, model, places, view, onView, selected, onSelect, several }: Props) {
  const [hovered, hover] = useState<{ i: number; x: number; y: number }>();
  const size = useRef({ width: 1, height: 1 });
  const drag = useRef<{ x: number; view: Extent; moved: boolean }>(undefined);
  const pinch = useRef(new Map<number, number>());
  const scene: Scene = { model, places, view, selected, hovered: hovered?.i ?? -1 };
  const paint = useCallback((on: Parameters<typeof draw>[0]) => draw(on, scene), [model, places, view, selected, hovered?.i]);
  const at = (event: { clientX: number; clientY: number; currentTarget: EventTarget | null }) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const place = (x: number) => view.from + (x / size.current.width) * (view.to - view.from);
  const latest = useRef({ view, places, onView });
  latest.current = { view, places, onView };
  // A listener of its own, as the wheel must not move the page beside.
  const box = useCallback((element: HTMLDivElement | null) => {
    element?.addEventListener(
      "wheel",
      (event) => {
        const { view, places, onView } = latest.current;
        const rect = element.getBoundingClientRect();
        const wide = view.to - view.from;
        event.preventDefault();
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          onView(pan(view, (((event.deltaX || event.deltaY) * wide) / rect.width) * 1, places.whole));
          return;
        }
        onView(zoom(view, Math.exp(Math.max(Math.min(event.deltaY, 200), -200) * 0.0025), view.from + ((event.clientX - rect.left) / rect.width) * wide, places.whole, LEAST));
      },
      { passive: false },
    );
  }, []);
  const entry = hovered && model.entries[hovered.i];
  return (
    <Canvas
      label={label}
      draw={paint}
      class="lanes"
      box={box}
      onSize={(width, height) => (size.current = { width, height })}
      attributes={{
        onPointerDown: (event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          pinch.current.set(event.pointerId, at(event).x);
          drag.current = { x: at(event).x, view, moved: false };
        },
        onPointerMove: (event) => {
          const { x, y } = at(event);
          const d = drag.current;
          if (!d) {
            const i = hit(scene, size.current.width, size.current.height, x, y);
            hover(i < 0 ? undefined : { i, x, y });
            return;
          }
          const others = [...pinch.current].filter(([id]) => id !== event.pointerId);
          if (others.length === 1) {
            const before = Math.abs(pinch.current.get(event.pointerId)! - others[0]![1]);
            const after = Math.abs(x - others[0]![1]);
            pinch.current.set(event.pointerId, x);
            d.moved = true;
            if (after > 10 && before > 10) onView(zoom(view, before / after, place((x + others[0]![1]) / 2), places.whole, LEAST));
            return;
          }
          if (Math.abs(x - d.x) > MOVED) d.moved = true;
          if (d.moved) onView(pan(d.view, ((d.x - x) / size.current.width) * (d.view.to - d.view.from), places.whole));
        },
        onPointerUp: (event) => {
          const d = drag.current;
          pinch.current.delete(event.pointerId);
          if (pinch.current.size === 0) drag.current = undefined;
          if (!d || d.moved) return;
          const { x, y } = at(event);
          const i = hit(scene, size.current.width, size.current.height, x, y);
          if (i >= 0) onSelect(i);
        },
        onPointerCancel: (event) => {
          pinch.current.delete(event.pointerId);
          drag.current = undefined;
        },
        onPointerLeave: () => hover(undefined),
        onDblClick: (event) => onView(zoom(view, 0.4, place(at(event).x), places.whole, LEAST)),
      }}
    >
      {hovered && entry && (
        <Tip x={hovered.x} y={hovered.y} width={size.current.width}>
          <strong>
            {several ? sourceName(entry.row.source) + ":" : ""}
            {entry.row.frame}
          </strong>
          {model.timed && (
            <>
              {" "}
              at {seconds(BigInt(Math.round(entry.time)))} s
              {hovered.i > 0 && `, ${duration(Math.round(entry.time - model.entries[hovered.i - 1]!.time))} after the record before`}
            </>
          )}
          {entry.remark !== "" && <div class="failed">{remarks[entry.remark].word}</div>}
          {entry.row.process && <div class="dim">{visible(owner(entry.row.process))}</div>}
          <div>{visible(entry.row.info)}</div>
        </Tip>
      )}
    </Canvas>
  );
}
