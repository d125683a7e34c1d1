import type { Device } from "./devices.ts";

/** Why a job with precision fast is drawn in full precision all the same. */
export type FullReason = Readonly<
  /** Its device has no 8 bits to gain by. */
  | { because: "device"; device: Device }
  /** The processor adds products of 8 bits in 16 bits. */
  | { because: "processor" }
  /** Tried on the machine, the error was this share of the answer, or the gain this many times. */
  | { because: "error"; error: number }
  | { because: "gain"; gain: number }
  /** Something is added to the weights of all layers. */
  | { because: "changed"; layers: number }
  /** What is kept on disk may not be as large; in bytes. */
  | { because: "cache"; needed: number; budget: number }
  /** It could not be written; in the words of the error. */
  | { because: "storage"; message: string }
>;
