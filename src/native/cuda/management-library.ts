import { dlopen, ptr } from "bun:ffi";
import { cText, openLibrary, textIn } from "./c-library.ts";

/** NVIDIA's management library, which comes with the driver, in the places of {@link DriverLibrary}. */
const places = [
  "libnvidia-ml.so.1",
  "/usr/lib/wsl/lib/libnvidia-ml.so.1",
  "/run/opengl-driver/lib/libnvidia-ml.so.1",
] as const;

/** What it knows that the driver's own calls tell only to who holds memory of the card. */
export type Management = Readonly<{
  /** Of the driver, e.g. 580.65.06. */
  version: () => string | undefined;
  /** Bytes that nobody holds on the card at a place of the bus. */
  free: (bus: string) => number | undefined;
}>;

/** @returns undefined where it is not there, or does not work */
export function openManagement(): Management | undefined {
  const path = places.find((place) => openLibrary(place) === undefined);
  if (path === undefined) return undefined;
  const { symbols: calls } = dlopen(path, {
    nvmlInit_v2: { args: [], returns: "i32" },
    nvmlSystemGetDriverVersion: { args: ["ptr", "u32"], returns: "i32" },
    nvmlDeviceGetHandleByPciBusId_v2: { args: ["ptr", "ptr"], returns: "i32" },
    nvmlDeviceGetMemoryInfo: { args: ["u64", "ptr"], returns: "i32" },
  });
  if (calls.nvmlInit_v2() !== 0) return undefined;
  return {
    version: () => {
      const text = new Uint8Array(96);
      return calls.nvmlSystemGetDriverVersion(ptr(text), text.length) === 0 ? textIn(text) : undefined;
    },
    free: (bus) => {
      const handle = new BigUint64Array(1);
      if (calls.nvmlDeviceGetHandleByPciBusId_v2(ptr(cText(bus)), ptr(handle)) !== 0) return undefined;
      // Total, free and used.
      const memory = new BigUint64Array(3);
      return calls.nvmlDeviceGetMemoryInfo(handle[0] ?? 0n, ptr(memory)) === 0
        ? Number(memory[1])
        : undefined;
    },
  };
}
