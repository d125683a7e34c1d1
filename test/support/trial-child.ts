/**
 * Tries a device as the program does with `--try-device`, on a copy of ONNX Runtime's library; see `device-child.ts`.
 *
 * Usage: `bun trial-child.ts <folder of the copy> <device> [what the trial is given]`
 */
import { dlopen } from "bun:ffi";
import { join } from "node:path";

const [folder = "", ...args] = process.argv.slice(2);
dlopen(join(folder, "libonnxruntime.so.1"), { OrtGetApiBase: { args: [], returns: "ptr" } });
const { tryDeviceHere } = await import("#/engine/try-device.ts");
await tryDeviceHere(args);
process.exit(0);
