// One connection as its client's host and its server's host recorded it: one segment is lost between them and sent again after a second.
import { Capture, ip } from "./packets.ts";

interface Segment {
  /** Milliseconds at which the client's point has it. */
  at: number;
  side: 0 | 1;
  seq: number;
  ack: number;
  flags: number;
  data?: string;
  lost?: boolean;
}

const hosts = ["10.1.0.1", "10.1.0.2"] as const;
const ports = [40000, 7000] as const;
/** Milliseconds from the client's point to the server's. */
const WAY = 5;
const text = (n: number) => `line ${n} of what the client says `.padEnd(200, "x");

function segments(): Segment[] {
  const out: Segment[] = [
    { at: 0, side: 0, seq: 999, ack: 0, flags: 0x02 },
    { at: 12, side: 1, seq: 8999, ack: 1000, flags: 0x12 },
    { at: 12.1, side: 0, seq: 1000, ack: 9000, flags: 0x10 },
  ];
  let [seq, at] = [1000, 13];
  for (let i = 0; i < 12; i++, at += 14) {
    const lost = i === 8;
    out.push({ at, side: 0, seq, ack: 9000, flags: 0x18, data: text(i), lost });
    if (lost) {
      at += 1000;
      out.push({ at, side: 0, seq, ack: 9000, flags: 0x18, data: text(i) });
    }
    seq += 200;
    out.push({ at: at + 12, side: 1, seq: 9000, ack: seq, flags: 0x10 });
  }
  out.push({ at, side: 0, seq, ack: 9000, flags: 0x11 }, { at: at + 12, side: 1, seq: 9000, ack: seq + 1, flags: 0x11 }, { at: at + 12.1, side: 0, seq: seq + 1, ack: 9001, flags: 0x10 });
  return out.sort((a, b) => a.at - b.at);
}

function packet(s: Segment): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(ports[s.side], 0);
  head.writeUInt16BE(ports[s.side === 0 ? 1 : 0], 2);
  head.writeUInt32BE(s.seq, 4);
  head.writeUInt32BE(s.ack, 8);
  head[12] = 0x50;
  head[13] = s.flags;
  head.writeUInt16BE(65000, 14);
  return ip(hosts[s.side], hosts[s.side === 0 ? 1 : 0], 6, Buffer.concat([head, Buffer.from(s.data ?? "")]));
}

function written(list: readonly { at: number; data: Buffer }[]): Buffer {
  const capture = new Capture();
  let now = 0;
  for (const { at, data } of [...list].sort((a, b) => a.at - b.at)) {
    // A frame takes a millisecond of the capture's clock by itself.
    capture.wait(BigInt(Math.round((at - now) * 1e6)));
    capture.frame(data);
    now = at + 1;
  }
  return capture.bytes();
}

/** File names with their bytes: what the client's host and the server's host recorded. */
export function pointFiles(): [string, Buffer][] {
  const all = segments();
  return [
    ["client.pcap", written(all.map((s) => ({ at: s.at, data: packet(s) })))],
    ["server.pcap", written(all.filter((s) => !s.lost).map((s) => ({ at: s.at + (s.side === 0 ? WAY : -WAY), data: packet(s) })))],
  ];
}
