// Writes mock/data from a real run of the command line: node mock/make.mjs WIRETALE FILE...
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [wiretale, ...files] = process.argv.slice(2);
const data = join(import.meta.dirname, "data");
mkdirSync(data, { recursive: true });
const lines = (...args) =>
  execFileSync(wiretale, [...args, "-T", "jsonl", ...files], { encoding: "utf8", maxBuffer: 1 << 30 }).trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const put = (name, value) => writeFileSync(join(data, name.replaceAll("/", "_") + ".json"), JSON.stringify(value));
const page = (rows) => ({ total: rows.length, complete: true, rows });

const report = lines();
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
const one = {
  id: "1", name: files.map((f) => basename(f)).join(", "), files: files.map((f) => ({ name: basename(f), bytes: statSync(f).size, uploaded: false })),
  state: "done", read: bytes, bytes, records: report.at(-1).records ?? 0, error: "", preliminary: false, revision: 1,
};
put("root", { version: 1, product: "wiretale mock", static: false, cases: [one] });
put("cases/1", one);
const own = new Set(["conversation", "process"]);
put("cases/1/report", { lines: report.filter((line) => !own.has(line.kind)).map((line, i) => (line.kind === "finding" ? { ...line, id: String(i) } : line)) });
const conversations = report.filter((line) => line.kind === "conversation");
put("cases/1/conversations", page(conversations));
const of = (p) => conversations.filter((c) => c.process?.pid === p.pid);
put("cases/1/processes", page(report.filter((line) => line.kind === "process").map((p) => ({ ...p, conversations: of(p).map((c) => c.id), packets: of(p).reduce((n, c) => n + c.packets, 0), bytes: of(p).reduce((n, c) => n + c.bytes, 0) }))));
put("cases/1/requests", page(lines("requests")));
const rows = lines("packets");
const list = (row, index) => ({ ...row, index, kind: row.record, mark: row.lane });
put("cases/1/rows", page(rows.map(list)));
rows.slice(0, 50).forEach((row, i) => put(`cases/1/rows/${i}`, { row: list(row, i), line: row, tree: [{ name: "frame", label: `Frame ${row.frame}: ${row.length} bytes`, buffer: 0, offset: 0, length: row.captured, children: [] }], bytes: [{ name: "Frame", data: "AAECAwQF" }] }));
