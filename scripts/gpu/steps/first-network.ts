/** Whether a device works at all: a network of one node in this process, and then what `doctor` says, which draws a picture there. */
import { join } from "node:path";
import { devices } from "#/lib/devices.ts";
import { probe } from "#/runtime/probe.ts";
import { own, plan, tell } from "../step.ts";

const { cuda } = plan();
const device = devices.find((one) => one === own()["device"]) ?? "cpu";
const flags = ["--providers", device, ...(cuda === undefined ? [] : ["--cuda-libraries", cuda])];
const main = join(import.meta.dir, "../../../src/main.ts");

const before = performance.now();
let words: string | undefined;
try {
  await probe(device);
  tell({ works: true, milliseconds: Math.round(performance.now() - before) });
} catch (thrown) {
  words = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 1500);
  tell({ works: false, runtime: words });
}
const doctor = Bun.spawn([process.execPath, main, "doctor", ...flags], { stdout: "pipe", stderr: "pipe" });
const [out, error] = await Promise.all([
  new Response(doctor.stdout).text(),
  new Response(doctor.stderr).text(),
  doctor.exited,
]);
tell({ doctor: { code: doctor.exitCode, says: `${out}\n${error}`.trim().slice(-3000) } });
if (words !== undefined) {
  // The product's own sentence, which knows more than the runtime's.
  tell({ why: /^FAULT +self-test +(.+)$/m.exec(out)?.[1] ?? words });
  process.exitCode = 1;
}
