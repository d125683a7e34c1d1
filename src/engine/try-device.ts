// Must stay the first import: it unpacks and opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { writeSync } from "node:fs";
import { devices } from "#/lib/devices.ts";
import { openCuda } from "#/native/cuda/prepare.ts";
import type { Line } from "#/native/own-process.ts";
import type { TrialAnswer } from "#/native/try-device.ts";
import { probe } from "#/runtime/probe.ts";
import { shortWords } from "#/runtime/short-words.ts";

/**
 * Tries a device in this process, which was started for that alone, and writes what it found as a line of JSON.
 *
 * @param args the device; of CUDA the folder with the provider, and the driver's library where one was found
 */
export async function tryDeviceHere([name, ...places]: readonly string[]): Promise<void> {
  const refusal = await refusalOf(name, places);
  const line: Line<TrialAnswer> = { answer: refusal === undefined ? {} : { refusal } };
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function refusalOf(
  name: string | undefined,
  [folder, driver]: readonly string[],
): Promise<string | undefined> {
  const device = devices.find((one) => one === name);
  if (device === undefined) return `There is no device ${name}.`;
  const lack = device === "cuda" && folder !== undefined ? openCuda(folder, driver) : undefined;
  if (lack !== undefined) return lack;
  try {
    await probe(device);
    return undefined;
  } catch (thrown) {
    return shortWords(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
