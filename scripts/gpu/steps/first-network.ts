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
let why: string | undefined;
try {
  await probe(device);
  tell({ works: true, milliseconds: Math.round(performance.now() - before) });
} catch (thrown) {
  why = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 1500);
  tell({ works: false, why });
}
const doctor = Bun.spawn([process.execPath, main, "doctor", ...flags], { stdout: "pipe", stderr: "pipe" });
const [out, error] = await Promise.all([
  new Response(doctor.stdout).text(),
  new Response(doctor.stderr).text(),
  doctor.exited,
]);
tell({ doctor: { code: doctor.exitCode, says: `${out}\n${error}`.trim().slice(-3000) } });
process.exitCode = why === undefined ? 0 : 1;
