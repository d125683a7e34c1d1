import type { Device } from "#/lib/devices.ts";
import { type Asking, askOwnProcess } from "./own-process.ts";

/** The flag this program starts itself with to try a device. */
export const tryFlag = "--try-device";

/** How long the smallest network may take: the first of all reads hundreds of megabytes of libraries from a disk, and wakes a card. */
const patience = 60;

/** A device that has to be tried before it is trusted. */
export type TriedDevice = Exclude<Device, "cpu">;

/** What the process that tries says at its end: nothing if the device works. */
export type TrialAnswer = Readonly<{ refusal?: string }>;

/** Tries a device; see {@link tryDevice}. */
export type Trial = (device: TriedDevice, args?: readonly string[]) => Promise<string | undefined>;

/**
 * Has a device run the smallest network in a process of its own: what loads its provider for the first time may crash or hang.
 *
 * @param args what else that process must know: of CUDA the folder with the provider, and the driver's library
 * @returns why the device cannot be used, and the way out, in a sentence; nothing if it works
 */
export async function tryDevice(
  device: TriedDevice,
  args: readonly string[] = [],
  asking: Asking = {},
): Promise<string | undefined> {
  const question = { flag: tryFlag, args: [device, ...args], seconds: patience };
  const asked = await askOwnProcess<TrialAnswer>(question, asking);
  switch (asked.kind) {
    case "answers":
      return asked.answer.refusal;
    case "crashed":
      return `${providers[device]}, or the driver below it, ended the process that tried it on a network of one node (${asked.how}): ${waysOut[device]}.`;
    case "silent":
      return `${providers[device]}, or the driver below it, had not run a network of one node after ${asked.seconds} s: ${waysOut[device]}.`;
  }
}

const providers: Readonly<Record<TriedDevice, string>> = {
  cuda: "ONNX Runtime's CUDA provider",
  webgpu: "ONNX Runtime's WebGPU provider",
};

const waysOut: Readonly<Record<TriedDevice, string>> = {
  cuda: "see whether nvidia-smi works, and whether fooocusd cuda --verify finds the libraries whole, or set providers to cpu",
  webgpu: "update the driver of the graphics card, or set providers to cpu",
};
