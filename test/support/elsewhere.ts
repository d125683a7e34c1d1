import { appendFileSync } from "node:fs";
import type { Operators } from "#/graph/operators.ts";
import { type Device, devices } from "#/lib/devices.ts";

/**
 * Where golden tests run that are not about the CPU: `GOLDEN_DEVICE=cuda GOLDEN_RECORD=FILE [GOLDEN_COMPUTE=float32] bun test
 * ./test/golden/networks.test.ts` opens its networks there. Answers are then not held to the CPU's bounds: how far each is off is
 * written to FILE, a line of JSON for each, and whoever reads that judges (`scripts/gpu`). With GOLDEN_DEFINED=1 the device need not be
 * there.
 */
export type Elsewhere = Readonly<{
  device: Device;
  /** What networks count in; what the device's own table says where it is left out. */
  compute?: Operators["compute"];
  record: string;
  /**
   * Whether the device's graphs run on the CPU, operators that only the device has replaced by their definitions: how far a card's answers
   * would be off if its kernels did what they say.
   */
  defined?: boolean;
}>;

/** An answer that was compared with the reference's. */
export type Compared = Readonly<{
  /** The tensor's name in its golden file; the place in the test where it has none. */
  key: string;
  /** File and line of the test. */
  at: string;
  /** Of the largest value, or levels of 255; null where the answer is not made of numbers. */
  off: number | null;
  /** What the CPU is held to. */
  bound: number;
  unit: "part" | "levels";
}>;

/** @throws Error where a variable has a value that it cannot have */
export function elsewhereOf(env: Readonly<Record<string, string | undefined>>): Elsewhere | undefined {
  const { GOLDEN_DEVICE: name, GOLDEN_COMPUTE: compute, GOLDEN_RECORD: record, GOLDEN_DEFINED } = env;
  const defined = GOLDEN_DEFINED === undefined ? {} : { defined: true };
  if (name === undefined) return undefined;
  const device = devices.find((one) => one === name);
  if (device === undefined) throw new Error(`GOLDEN_DEVICE is ${name}, none of ${devices.join(", ")}`);
  if (record === undefined) throw new Error("GOLDEN_DEVICE needs GOLDEN_RECORD, the file for what is found");
  if (compute === undefined) return { device, record, ...defined };
  if (compute !== "float32" && compute !== "float16")
    throw new Error(`GOLDEN_COMPUTE is ${compute}, neither float32 nor float16`);
  return { device, compute, record, ...defined };
}

/** Of this run; nothing in a usual one. */
export const elsewhere = elsewhereOf(process.env);

/** Writes down what was found. */
export const note = ({ record }: Elsewhere, compared: Compared): void =>
  appendFileSync(record, `${JSON.stringify(compared)}\n`);
