/**
 * Opens an engine's context in a process of its own, on a copy of ONNX Runtime's library: the runtime looks for CUDA's
 * provider beside its own library, and the one of node_modules is everybody's. As in a binary, the library that is open
 * already is the one the addon gets.
 *
 * Usage: `bun device-child.ts <folder of the copy> <providers, by commas, or "auto"> <folder of CUDA's libraries>
 * <seconds that a trial may take>`; prints one line of JSON.
 */
import { dlopen } from "bun:ffi";
import { join } from "node:path";

const [folder = "", providers = "auto", cuda = folder, seconds = "60"] = process.argv.slice(2);
dlopen(join(folder, "libonnxruntime.so.1"), { OrtGetApiBase: { args: [], returns: "ptr" } });

const { devices } = await import("#/lib/devices.ts");
const { openContext } = await import("#/pipeline/context.ts");
const { createLog } = await import("#/lib/log.ts");
const { prepareCuda } = await import("#/native/cuda/prepare.ts");
const { tryDevice } = await import("#/native/try-device.ts");
const { toWireError } = await import("#/lib/errors.ts");

const trial = {
  command: [process.execPath, join(import.meta.dir, "trial-child.ts"), folder],
  seconds: Number(seconds),
};
const lines: string[] = [];
const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
const wanted =
  providers === "auto"
    ? "auto"
    : providers.split(",").flatMap((name) => devices.filter((device) => device === name));
const settings = {
  modelRoots: [],
  providers: wanted,
  weights: "in-place",
  memoryBudget: 1,
  derived: { folder: "/nowhere", budget: 0 },
  threads: 1,
} as const;
try {
  const { device, refused, close } = await openContext(settings, () => undefined, log, {
    readied: async (device) =>
      device === "cuda"
        ? await prepareCuda(
            { place: { folder: cuda, isOwn: false }, asks: providers !== "auto" },
            folder,
            (one, args) => tryDevice(one, args, trial),
          )
        : undefined,
  });
  await close();
  process.stdout.write(`${JSON.stringify({ device, refused, lines })}\n`);
} catch (thrown) {
  process.stdout.write(`${JSON.stringify({ error: toWireError(thrown), lines })}\n`);
}
