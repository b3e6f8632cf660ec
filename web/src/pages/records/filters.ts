// Filters made from what is shown.

/** How a value is written in a filter: numbers, addresses and bytes as they are, else as a string. */
export function quoted(value: string): string {
  if (/^-?(0x[0-9a-fA-F]+|\d+(\.\d+)?)$/.test(value)) return value;
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(value) || /^[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7}$/.test(value)) return value;
  if (/^([0-9a-fA-F]{2}[:-])+[0-9a-fA-F]{2}$/.test(value)) return value;
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

const MOST_BYTES = 32;

/** The filter for a field's value as the details show it; length is that of the field in bytes, where it has some. */
export function equals(name: string, value: string | undefined, length = 0): string {
  if (value === undefined || value === "") return name;
  if (/^(True|Set)$/.test(value)) return `${name} == True`;
  if (/^(False|Not set)$/.test(value)) return `${name} == False`;
  // A name with the number that it stands for: "IPv4 (0x0800)".
  const number = /\((-?\d+|0x[0-9a-fA-F]+)\)$/.exec(value)?.[1];
  if (number) return `${name} == ${number}`;
  if (length > 8 && /^[0-9a-f]+(\.\.\.)?$/i.test(value)) return bytesEqual(name, value.replace(/\.+$/, ""), length);
  // A time that passed has no exact form here.
  if (/^-?[\d.]+ (s|ms|µs|ns)$/.test(value)) return name;
  return `${name} == ${quoted(value)}`;
}

function bytesEqual(name: string, hex: string, length: number): string {
  const some = hex.slice(0, 2 * MOST_BYTES).replace(/..(?=.)/g, "$&:");
  return length > MOST_BYTES ? `${name}[0:${(some.length + 1) / 3}] == ${some}` : `${name} == ${some}`;
}

export type How = "apply" | "not" | "and" | "or" | "and not";

/** A filter joined with the one that is applied. */
export function joined(applied: string, how: How, one: string): string {
  if (how === "not" || (how === "and not" && !applied)) return `!(${one})`;
  if (how === "apply" || !applied) return one;
  const left = /^[\w.]+( [=!<>]+ \S+)?$/.test(applied) ? applied : `(${applied})`;
  return how === "and not" ? `${left} && !(${one})` : `${left} ${how === "and" ? "&&" : "||"} ${one}`;
}

/** The filter of an address as the list shows it: with a port, without one, or of the link layer. */
export function addressFilter(text: string, side: "src" | "dst"): string {
  const port = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const host = port ? (port[1] ?? port[2])! : text;
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(host)) return `eth.${side} == ${host}`;
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(host)) return `ip.${side} == ${host}`;
  if (host.includes(":")) return `ipv6.${side} == ${host}`;
  return "";
}
