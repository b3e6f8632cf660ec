// A canvas that fills its box, sharp on any screen, drawn again when its size, the theme or what is drawn changes.
import "./picture.css";
import type { ComponentChildren, HTMLAttributes, Ref } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useTheme } from "../theme";
import { colors, type Colors } from "./colors";

export interface Surface {
  ctx: CanvasRenderingContext2D;
  width: number;
  height: number;
  colors: Colors;
}

interface Props {
  /** What the picture shows, for those who do not see it. */
  label: string;
  draw: (on: Surface) => void;
  height?: number;
  class?: string;
  box?: Ref<HTMLDivElement>;
  onSize?: (width: number, height: number) => void;
  attributes?: HTMLAttributes<HTMLDivElement>;
  children?: ComponentChildren;
}

export function Canvas({ label, draw, height, class: name, box, onSize, attributes, children }: Props) {
  const own = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const { theme } = useTheme();
  useLayoutEffect(() => {
    const element = own.current!;
    if (typeof box === "function") box(element);
    else if (box) box.current = element;
    const measure = () => {
      const next = { width: Math.floor(element.clientWidth), height: Math.floor(element.clientHeight) };
      setSize((old) => (old.width === next.width && old.height === next.height ? old : next));
      onSize?.(next.width, next.height);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // At most one drawing a frame of the screen, whatever moves.
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const element = canvas.current;
      const ctx = element?.getContext("2d");
      if (!element || !ctx || size.width === 0) return;
      const ratio = devicePixelRatio || 1;
      const [w, h] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== w || element.height !== h) {
        element.width = w;
        element.height = h;
      }
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, size.width, size.height);
      latest.current({ ctx, width: size.width, height: size.height, colors: colors(theme) });
    });
    return () => cancelAnimationFrame(frame);
  }, [draw, size, theme]);
  return (
    <div ref={own} class={`picture ${name ?? ""}`} style={height === undefined ? undefined : { height: `${height}px` }} {...attributes}>
      <canvas ref={canvas} role="img" aria-label={label} />
      {children}
    </div>
  );
}

/** What is under the pointer, beside it and inside of the picture. */
export function Tip({ x, y, width, children }: { x: number; y: number; width: number; children: ComponentChildren }) {
  const left = x < width / 2;
  return (
    <div class="tip" style={left ? { left: `${x + 14}px`, top: `${y + 10}px` } : { right: `${width - x + 14}px`, top: `${y + 10}px` }}>
      {children}
    </div>
  );
}
