// The bytes of a record in hex and as text; those of the chosen field are marked.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { VirtualList, type ListHandle } from "../../parts/VirtualList";

const WIDTH = 16;

export function decode(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

interface Props {
  name: string;
  data: string;
  /** The marked bytes. */
  from: number;
  length: number;
  choose: (offset: number) => void;
}

export function Bytes({ name, data, from, length, choose }: Props) {
  const bytes = useMemo(() => decode(data), [data]);
  const list = useRef<ListHandle>(null);
  const lines = Math.ceil(bytes.length / WIDTH);
  useEffect(() => {
    if (length > 0) list.current?.reveal(Math.floor(from / WIDTH));
  }, [from, length, data]);
  const digits = bytes.length > 0xffff ? 8 : 4;
  const keydown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: WIDTH, ArrowUp: -WIDTH };
    const by = steps[event.key];
    if (by === undefined || !bytes.length) return;
    const start = length > 0 ? (by > 0 ? from + (Math.abs(by) === 1 ? length - 1 : 0) : from) : -by;
    choose(Math.min(Math.max(start + by, 0), bytes.length - 1));
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <VirtualList
      total={lines}
      rowHeight={18}
      handle={list}
      class="bytes"
      attributes={{ role: "region", "aria-label": `Bytes: ${name}`, onKeyDown: keydown }}
      row={(i) => {
        const line = bytes.subarray(i * WIDTH, (i + 1) * WIDTH);
        const cell = (k: number, text: string, hex: boolean) => {
          const at = i * WIDTH + k;
          const on = at >= from && at < from + length;
          return (
            <span key={k} class={`${on ? "on" : ""}${hex && k === 8 ? " half" : ""}`} onMouseDown={() => choose(at)}>
              {text}
            </span>
          );
        };
        return (
          <div class="hex-line">
            <span class="offset">{(i * WIDTH).toString(16).padStart(digits, "0")}</span>
            <span class="hex">{[...line].map((b, k) => cell(k, b.toString(16).padStart(2, "0"), true))}</span>
            <span class="text">{[...line].map((b, k) => cell(k, b >= 32 && b < 127 ? String.fromCharCode(b) : "·", false))}</span>
          </div>
        );
      }}
    />
  );
}
