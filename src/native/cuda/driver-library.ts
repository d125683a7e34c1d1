import { dlopen, type Pointer, ptr } from "bun:ffi";
import { openLibrary, textAt, textIn } from "./c-library.ts";

/** Where it lies on systems whose linker does not know: Windows' Linux, and NixOS. */
const places = [
  "libcuda.so.1",
  "/usr/lib/wsl/lib/libcuda.so.1",
  "/run/opengl-driver/lib/libcuda.so.1",
] as const;

/** What is asked of the driver (CUDA driver API; names and arguments are those of cuda.h). */
const symbols = {
  cuInit: { args: ["u32"], returns: "i32" },
  cuDriverGetVersion: { args: ["ptr"], returns: "i32" },
  cuDeviceGetCount: { args: ["ptr"], returns: "i32" },
  cuDeviceGet: { args: ["ptr", "i32"], returns: "i32" },
  cuDeviceGetName: { args: ["ptr", "i32", "i32"], returns: "i32" },
  cuDeviceTotalMem_v2: { args: ["ptr", "i32"], returns: "i32" },
  cuDeviceGetAttribute: { args: ["ptr", "i32", "i32"], returns: "i32" },
  cuDeviceGetPCIBusId: { args: ["ptr", "i32", "i32"], returns: "i32" },
  cuGetErrorString: { args: ["i32", "ptr"], returns: "i32" },
} as const;

/** `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR` and `_MINOR`. */
const capability = [75, 76] as const;

/** A call that failed. */
export class DriverFailure extends Error {
  readonly call: string;
  readonly code: number;

  /** @param words the driver's own for the code */
  constructor(call: string, code: number, words: string) {
    super(words);
    this.call = call;
    this.code = code;
  }
}

type Calls = ReturnType<typeof dlopen<typeof symbols>>["symbols"];

/** The driver's library, of which each call is announced before it is made: one that does not come back is known by its name. */
export class DriverLibrary {
  readonly path: string;
  readonly #calls: Calls;
  readonly #announce: (call: string) => void;

  private constructor(path: string, announce: (call: string) => void) {
    this.path = path;
    this.#announce = announce;
    this.#calls = dlopen(path, symbols).symbols;
  }

  /** @returns the linker's words where there is none */
  static open(announce: (call: string) => void): DriverLibrary | string {
    announce("dlopen");
    const [usual, ...others] = places;
    const reason = openLibrary(usual);
    if (reason === undefined) return new DriverLibrary(usual, announce);
    const other = others.find((place) => openLibrary(place) === undefined);
    return other === undefined ? reason : new DriverLibrary(other, announce);
  }

  /** @throws DriverFailure */
  init(): void {
    this.#ask("cuInit", (calls) => calls.cuInit(0));
  }

  /** The newest CUDA it knows; may be asked before {@link init}. @throws DriverFailure */
  version(): number {
    return this.#number("cuDriverGetVersion", (calls, out) => calls.cuDriverGetVersion(out));
  }

  /** @throws DriverFailure */
  count(): number {
    return this.#number("cuDeviceGetCount", (calls, out) => calls.cuDeviceGetCount(out));
  }

  /** @throws DriverFailure */
  card(index: number) {
    const device = this.#number("cuDeviceGet", (calls, out) => calls.cuDeviceGet(out, index));
    const name = new Uint8Array(256);
    this.#ask("cuDeviceGetName", (calls) => calls.cuDeviceGetName(ptr(name), name.length, device));
    const total = new BigUint64Array(1);
    this.#ask("cuDeviceTotalMem", (calls) => calls.cuDeviceTotalMem_v2(ptr(total), device));
    const bus = new Uint8Array(64);
    this.#ask("cuDeviceGetPCIBusId", (calls) => calls.cuDeviceGetPCIBusId(ptr(bus), bus.length, device));
    const [major, minor] = capability.map((attribute) =>
      this.#number("cuDeviceGetAttribute", (calls, out) =>
        calls.cuDeviceGetAttribute(out, attribute, device),
      ),
    );
    return {
      name: textIn(name),
      total: Number(total[0]),
      bus: textIn(bus),
      capability: [major ?? 0, minor ?? 0] as const,
    };
  }

  #number(call: string, ask: (calls: Calls, out: Pointer) => number): number {
    const out = new Int32Array(1);
    this.#ask(call, (calls) => ask(calls, ptr(out)));
    return out[0] ?? 0;
  }

  #ask(call: string, ask: (calls: Calls) => number): void {
    this.#announce(call);
    const code = ask(this.#calls);
    if (code !== 0) throw new DriverFailure(call, code, this.#words(code));
  }

  #words(code: number): string {
    const out = new BigUint64Array(1);
    if (this.#calls.cuGetErrorString(code, ptr(out)) !== 0 || out[0] === 0n) return "it does not say why";
    return textAt(out[0] ?? 0n);
  }
}
