/**
 * What the operations on pictures cost beside the libraries whose bytes they make: processor milliseconds of ours and, with a
 * Python that has them, of Pillow's and OpenCV's (single thread), in the same run. Each is the least of several rounds.
 *
 *   bun scripts/bench/picture-operations.ts [--python PATH] [--rounds 3]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { areaResize } from "#/image/operations/area-resize.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import { canny } from "#/image/operations/canny.ts";
import { cpds } from "#/image/operations/cpds.ts";
import { gaussianBlur } from "#/image/operations/gaussian-blur.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { dilate } from "#/image/operations/morphology.ts";
import { pyraCanny } from "#/image/operations/pyra-canny.ts";
import type { Pixmap } from "#/image/pixmap.ts";

const { values: flags } = parseArgs({
  options: { python: { type: "string" }, rounds: { type: "string", default: "3" } },
});
const rounds = Number(flags.rounds);

/** Waves that get narrower along both axes: edges of every width. */
function waves(side: number): Pixmap {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i += 1) {
    const pixel = Math.floor(i / 3);
    const [x, y, c] = [pixel % side, Math.floor(pixel / side), i % 3];
    data[i] = ((x * x * (c + 1)) >> 9) + ((y * y * (2 + c)) >> 11);
  }
  return { width: side, height: side, data };
}

const small = waves(1024);
const large = waves(4096);
const square = (side: number) => ({ width: side, height: side });

/** The program beside has the same names. */
const operations: Readonly<Record<string, () => unknown>> = {
  "Lanczos 1024 to 4096": () => lanczosResize(small, square(4096)),
  "Lanczos 4096 to 1024": () => lanczosResize(large, square(1024)),
  "60 box blurs, 1 Mpx": () => {
    let picture = small;
    for (let i = 0; i < 60; i += 1) picture = boxBlur(picture, 3 + i * 8);
    return picture;
  },
  "area 4096 to 1000": () => areaResize(large, square(1000)),
  "Gaussian, 1 Mpx": () => gaussianBlur(small),
  "dilate 64 times, 1 Mpx": () => dilate(small, 64),
  "Canny, 1 Mpx": () => canny(small, 64, 128),
  "PyraCanny, 1 Mpx": () => pyraCanny(small, { low: 64, high: 128 }),
  "CPDS, 1 Mpx": () => cpds(small),
};

function processorTime(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const least = (work: () => unknown): number =>
  Math.min(...Array.from({ length: rounds + 1 }, () => processorTime(work)).slice(1));

function beside(python: string): Readonly<Record<string, number>> {
  const program = join(import.meta.dir, "picture_operations.py");
  const { stdout, exitCode } = Bun.spawnSync([python, program, `${rounds}`], { stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}`);
  return JSON.parse(stdout.toString());
}

const theirs = flags.python === undefined ? {} : beside(flags.python);
for (const [name, work] of Object.entries(operations)) {
  const ours = least(work);
  const other = theirs[name];
  const ratio =
    other === undefined ? "" : `, theirs ${other.toFixed(1)} ms, ratio ${(ours / other).toFixed(2)}`;
  console.log(`${name}: ${ours.toFixed(1)} ms${ratio}`);
}
