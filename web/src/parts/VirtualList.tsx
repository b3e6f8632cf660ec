// A list of any length that draws only the rows in view.
//
// Browsers end an element at some 10 to 30 million pixels, which is less than a million rows. So:
//  1. `position` is the pixel of the whole list, at full height, that is at the top of the view.
//  2. The element that scrolls is at most CAP high; when the list is higher, one of its pixels stands for several.
//  3. Wheel and keys move `position` by what they ask for; the scroll bar is set after it.
//  4. Dragging the scroll bar moves `position` in proportion; small steps, such as a finger's, move it by pixels.
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";

const CAP = 8_000_000;
const OVER = 4;
const SETTLE_MS = 150;

export interface ListHandle {
  /** Brings row i into view; in the middle when it is far away. */
  reveal: (i: number) => void;
  /** Rows that fit into the view. */
  fits: () => number;
  focus: () => void;
}

interface Props {
  total: number;
  rowHeight: number;
  row: (i: number) => ComponentChildren;
  handle?: Ref<ListHandle>;
  class?: string;
  /** Stands above the rows and stays in view; its height in pixels. */
  header?: ComponentChildren;
  headerHeight?: number;
  /** Attributes of the element that scrolls and has the focus: role, aria-label, keys. */
  attributes?: Record<string, unknown>;
  /** The first and last row in view, when they change. */
  onView?: (first: number, last: number) => void;
}

export function VirtualList({ total, rowHeight, row, handle, class: name, header, headerHeight = 0, attributes, onView }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(600);
  const [position, setPosition] = useState(0);
  const view = Math.max(height - headerHeight, rowHeight);
  const full = total * rowHeight;
  const shown = Math.min(full, CAP);
  const most = Math.max(full - view, 0);
  const scale = full > CAP ? most / (shown - view) : 1;
  // What event handlers, which outlive a drawing, go by.
  const now = useRef({ position, set: 0, scale, most, view, rowHeight });
  Object.assign(now.current, { scale, most, view, rowHeight });

  const move = (to: number, bar: boolean) => {
    const n = now.current;
    n.position = Math.min(Math.max(to, 0), n.most);
    setPosition(n.position);
    if (bar && scroller.current) {
      scroller.current.scrollTop = n.position / n.scale;
      n.set = scroller.current.scrollTop;
    }
  };

  useLayoutEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    setHeight(element.clientHeight);
    let settle: ReturnType<typeof setTimeout>;
    const scrolled = () => {
      const n = now.current;
      const by = element.scrollTop - n.set;
      if (by === 0) return;
      n.set = element.scrollTop;
      if (n.scale === 1) return move(element.scrollTop, false);
      const small = Math.abs(by) < 60 && element.scrollTop > 0 && n.set < element.scrollHeight - element.clientHeight;
      move(small ? n.position + by : element.scrollTop * n.scale, false);
      clearTimeout(settle);
      settle = setTimeout(() => move(n.position, true), SETTLE_MS);
    };
    const wheel = (event: WheelEvent) => {
      const n = now.current;
      if (n.scale === 1 || event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? n.rowHeight : event.deltaMode === 2 ? n.view : 1;
      move(n.position + event.deltaY * unit, true);
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      clearTimeout(settle);
      element.removeEventListener("scroll", scrolled);
      element.removeEventListener("wheel", wheel);
    };
  }, []);

  // A list that became shorter must not stay beyond its end.
  useLayoutEffect(() => {
    if (position > most) move(most, true);
  }, [most]);

  useImperativeHandle(handle ?? null, () => ({
    reveal(i) {
      const n = now.current;
      const top = i * n.rowHeight;
      if (top >= n.position && top + n.rowHeight <= n.position + n.view) return;
      const far = top < n.position - n.view || top > n.position + 2 * n.view;
      if (far) move(top - n.view / 2 + n.rowHeight / 2, true);
      else move(top < n.position ? top : top + n.rowHeight - n.view, true);
    },
    fits: () => Math.max(Math.floor(now.current.view / now.current.rowHeight), 1),
    focus: () => scroller.current?.focus(),
  }), []);

  const at = Math.min(position, most);
  const first = Math.max(Math.floor(at / rowHeight) - OVER, 0);
  const last = Math.min(Math.ceil((at + view) / rowHeight) + OVER, total);
  useEffect(() => onView?.(Math.floor(at / rowHeight), Math.min(Math.ceil((at + view) / rowHeight), total)), [at, view, total]);

  const rows: ComponentChildren[] = [];
  for (let i = first; i < last; i++) {
    rows.push(
      <div key={i} class="vrow" role="presentation" style={{ transform: `translateY(${i * rowHeight - at}px)`, height: `${rowHeight}px` }}>
        {row(i)}
      </div>,
    );
  }
  return (
    <div ref={scroller} class={`vlist ${name ?? ""}`} tabIndex={0} {...attributes}>
      <div class="vtop" role="presentation" style={{ height: `${headerHeight}px` }}>
        {header}
        <div class="vrows" role="presentation" style={{ top: `${headerHeight}px`, height: `${view}px` }}>
          {rows}
        </div>
      </div>
      <div role="presentation" style={{ height: `${shown}px` }} />
    </div>
  );
}
