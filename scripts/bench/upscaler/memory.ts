/**
 * What it takes to enlarge a picture: seconds, and the most memory of the process (VmHWM) without and with what it has of
 * files and libraries.
 *
 *   bun scripts/bench/upscaler/memory.ts FILE [--side 1024] [--threads 0]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openUpscaler } from "./open-upscaler.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { side: { type: "string", default: "1024" }, threads: { type: "string", default: "0" } },
});
const [path] = positionals;
if (path === undefined) throw new Error("an upscaler is wanted, FILE");
const side = Number(values.side);

/** Gigabytes of a line of the process' status. */
const gigabytes = (line: string): number =>
  Number(new RegExp(`${line}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 2 ** 20;

const { upscaler, close } = openUpscaler(path, Number(values.threads));
const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256);
const started = performance.now();
const before = process.cpuUsage();
let rows = 0;
for await (const event of upscaler.enlarge({ width: side, height: side, data })) {
  if (event.at === "rows") rows += event.rows.height;
  else
    process.stdout.write(
      `tile ${event.done} of ${event.of}, own memory ${gigabytes("RssAnon").toFixed(2)} GB\n`,
    );
}
const { user, system } = process.cpuUsage(before);
const mapped = gigabytes("RssFile");
process.stdout.write(
  `${JSON.stringify({
    from: side,
    to: rows,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peak: gigabytes("VmHWM"),
    peakWithoutFiles: gigabytes("VmHWM") - mapped,
  })}\n`,
);
await close();
