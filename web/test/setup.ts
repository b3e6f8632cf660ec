// Makes what the tests look at, in test-results/inputs: traces of the repository's text fixtures, and hostile ones.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostileFiles } from "./hostile.ts";
import { inputs, root } from "./inputs.ts";
import { pointFiles } from "./points.ts";

export default function setup() {
  rmSync(inputs, { recursive: true, force: true });
  mkdirSync(inputs, { recursive: true });
  const demo = join(inputs, "demo");
  execFileSync("go", ["build", "-o", demo, "./tools/demo"], { cwd: root, stdio: "inherit" });
  for (const [fixture, file] of [["post1.txtar", "post1.etl"], ["post2_A.txtar", "post2_A.pcapng"], ["post2_B.txtar", "post2_B.pcapng"], ["post4.txtar", "post4.pcapng"]] as const) {
    execFileSync(demo, ["-o", join(inputs, file), join(root, "testdata", fixture)]);
  }
  // The first post's trace with a process that has markup for a name.
  const hostile = readFileSync(join(root, "testdata", "post1.txtar"), "utf8").replaceAll("tcpserver.exe", "<img/src=x/onerror=alert(1)>.exe");
  writeFileSync(join(inputs, "hostile.txtar"), hostile);
  mkdirSync(join(inputs, "hostile"));
  execFileSync(demo, ["-o", join(inputs, "hostile", "hostile.etl"), join(inputs, "hostile.txtar")]);
  for (const [name, bytes] of [...hostileFiles(), ...pointFiles()]) writeFileSync(join(inputs, name), bytes);
  const wiretale = process.env["WIRETALE"] ?? join(root, "bin", "wiretale");
  if (!existsSync(wiretale)) throw new Error(`no ${wiretale}: run make build first, or name another with WIRETALE`);
}
