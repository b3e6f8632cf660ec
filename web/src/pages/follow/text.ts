// Bytes of a stream as text.
import { visible } from "../../format";

/** Bytes as text: UTF-8 where it is, else one point for a byte that is no text; lines stay lines. */
export function asText(data: Uint8Array, lenient: boolean): string {
  try {
    return shown(new TextDecoder("utf-8", { fatal: !lenient }).decode(data));
  } catch {
    let out = "";
    for (const b of data) out += b === 10 || b === 13 || b === 9 || (b >= 32 && b < 127) ? String.fromCharCode(b) : "·";
    return shown(out);
  }
}

function shown(text: string): string {
  return visible(text.replace(/\r\n/g, "\n")).replace(/\\x0d/g, "\n");
}

const WIDTH = 16;

/** Offset, hex, text, as Wireshark's follow prints it. */
export function dump(data: Uint8Array, from: number): string {
  const lines: string[] = [];
  for (let i = 0; i < data.length; i += WIDTH) {
    const line = data.subarray(i, i + WIDTH);
    let hex = "";
    let text = "";
    line.forEach((b, k) => {
      hex += (k === 8 ? " " : "") + b.toString(16).padStart(2, "0") + " ";
      text += b >= 32 && b < 127 ? String.fromCharCode(b) : ".";
    });
    lines.push(`${(from + i).toString(16).padStart(8, "0")}  ${hex.padEnd(3 * WIDTH + 1)} ${text}`);
  }
  return lines.join("\n");
}
