// Writes captures byte by byte: pcap with Ethernet, IPv4, TCP and UDP, without checksums.

export class Capture {
  private readonly parts: Buffer[] = [];
  private ns = 1_700_000_000_000_000_000n;

  constructor() {
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b23c4d, 0); // nanoseconds
    head.writeUInt16LE(2, 4);
    head.writeUInt16LE(4, 6);
    head.writeUInt32LE(65535, 16);
    head.writeUInt32LE(1, 20); // Ethernet
    this.parts.push(head);
  }

  wait(ns: bigint) {
    this.ns += ns;
  }

  frame(data: Buffer) {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(Number(this.ns / 1_000_000_000n), 0);
    head.writeUInt32LE(Number(this.ns % 1_000_000_000n), 4);
    head.writeUInt32LE(data.length, 8);
    head.writeUInt32LE(data.length, 12);
    this.parts.push(head, data);
    this.ns += 1_000_000n;
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

const address = (text: string) => Buffer.from(text.split(".").map(Number));

export function ip(from: string, to: string, protocol: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(34);
  head.set([2, 0, ...address(to), 2, 0, ...address(from), 8, 0]);
  head[14] = 0x45;
  head.writeUInt16BE(20 + payload.length, 16);
  head[22] = 64;
  head[23] = protocol;
  head.set(address(from), 26);
  head.set(address(to), 30);
  return Buffer.concat([head, payload]);
}

export function udp(from: number, to: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(to, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** A connection of two hosts that counts its own bytes. */
export class Connection {
  private readonly seq: [number, number] = [1000, 9000];

  constructor(
    private readonly capture: Capture,
    private readonly hosts: [string, string],
    private readonly ports: [number, number],
  ) {}

  open() {
    this.segment(0, 0x02);
    this.segment(1, 0x12);
    this.segment(0, 0x10);
  }

  say(side: 0 | 1, data: Buffer) {
    for (let i = 0; i < data.length; i += 1400) this.segment(side, 0x18, data.subarray(i, i + 1400));
    this.segment(side === 0 ? 1 : 0, 0x10);
  }

  close() {
    this.segment(0, 0x11);
    this.segment(1, 0x11);
    this.segment(0, 0x10);
  }

  private segment(side: 0 | 1, flags: number, data: Buffer = Buffer.alloc(0)) {
    const other = side === 0 ? 1 : 0;
    const head = Buffer.alloc(20);
    head.writeUInt16BE(this.ports[side], 0);
    head.writeUInt16BE(this.ports[other], 2);
    head.writeUInt32BE(this.seq[side], 4);
    if (flags & 0x10) head.writeUInt32BE(this.seq[other], 8);
    head[12] = 0x50;
    head[13] = flags;
    head.writeUInt16BE(65000, 14);
    this.capture.frame(ip(this.hosts[side], this.hosts[other], 6, Buffer.concat([head, data])));
    this.seq[side] += data.length + (flags & 0x03 ? 1 : 0);
  }
}
