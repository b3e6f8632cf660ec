// Captures whose names, headers and bytes hold what a browser would run, fetch or be misled by.
import { Capture, Connection, ip, udp } from "./packets.ts";

/** Each calls `pwned` or fetches from a host of its own when it is taken for markup or script. */
export const strings = [
  `<img src=x onerror=pwned()>`,
  `<script>pwned()</script>`,
  `"><svg onload=pwned()>`,
  `javascript:pwned()`,
  `<iframe src=//hostile.invalid/frame>`,
  `<style>@import '//hostile.invalid/style'</style>`,
  `</script><script>pwned()</script>`,
  `{{constructor.constructor('pwned()')()}}`,
  `\u001b]0;title\u0007\u001b[31mred\u001b[0m`,
  `\u202egnp.exe\u202c`,
  `&lt;b&gt;&#x3c;img&#x3e;`,
  `__proto__`,
];

export const fileName = `<img src=x onerror=pwned()> \u202efdp.pcap`;

function name(labels: string[]): Buffer {
  return Buffer.concat([...labels.map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])), Buffer.from([0])]);
}

function dns(id: number, labels: string[], answer: boolean): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(answer ? 0x8180 : 0x0100, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answer ? 1 : 0, 6);
  const question = Buffer.concat([name(labels), Buffer.from([0, 1, 0, 1])]);
  if (!answer) return Buffer.concat([head, question]);
  return Buffer.concat([head, question, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 2])]);
}

/** File names with their bytes. */
export function hostileFiles(): [string, Buffer][] {
  const capture = new Capture();
  strings.forEach((text, i) => {
    const labels = [text.slice(0, 60), "test"];
    capture.frame(ip("10.0.0.1", "10.0.0.53", 17, udp(40000 + i, 53, dns(i, labels, false))));
    capture.frame(ip("10.0.0.53", "10.0.0.1", 17, udp(53, 40000 + i, dns(i, labels, true))));
  });
  strings.forEach((text, i) => {
    const line = text.replace(/[\r\n]/g, "");
    const connection = new Connection(capture, ["10.0.0.1", "10.0.0.2"], [50000 + i, 80]);
    connection.open();
    connection.say(0, Buffer.from(`GET /${encodeURI(line)}?${line} HTTP/1.1\r\nHost: ${line}\r\nUser-Agent: ${line}\r\n\r\n`));
    capture.wait(700_000_000n);
    const body = `<html><body>${text}</body></html>`;
    connection.say(1, Buffer.from(`HTTP/1.1 500 ${line}\r\nServer: ${line}\r\nContent-Type: text/html\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
    connection.close();
  });
  return [
    ["hostile.pcap", capture.bytes()],
    [fileName, capture.bytes()],
  ];
}
