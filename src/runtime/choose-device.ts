import type { Device } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import { shortWords } from "./short-words.ts";

/**
 * A device that was asked for and cannot be used here, and why; `expected` if somebody would have thought that it can, because its
 * libraries or its driver are there.
 */
export type Refusal = Readonly<{ device: Device; reason: string; expected: boolean }>;

/** Makes a device ready to be tried. @returns why it cannot be */
export type Readying = (
  device: Device,
) => Promise<Readonly<{ reason: string; expected: boolean }> | undefined>;

/**
 * The device to work on: the first that works. `auto` means CUDA, then the CPU. The runtime throws on the provider of one
 * that it knows but cannot load, and has no way from there to the next one, so each is tried before it is chosen; the CPU needs no
 * trial.
 *
 * @param wanted  `auto`, or a list in order of preference
 * @param readied makes a device ready, or says what it lacks, before the runtime is asked for it
 * @param probe   opens something small on a device, and throws what the runtime throws
 * @returns the choice, and why those before it were passed over
 * @throws EngineError `provider-missing` if nothing of an explicit list can be used
 */
export async function chooseDevice(
  wanted: "auto" | readonly Device[],
  readied: Readying,
  probe: (device: Device) => Promise<void>,
): Promise<Readonly<{ device: Device; refused: readonly Refusal[] }>> {
  const refused: Refusal[] = [];
  for (const device of wanted === "auto" ? (["cuda", "cpu"] as const) : wanted) {
    const refusal = device === "cpu" ? undefined : await tried(device, readied, probe);
    if (refusal === undefined) return { device, refused };
    refused.push({ device, ...refusal });
  }
  const why = refused.map(({ device, reason }) => `${device}: ${reason.replace(/\.$/, "")}`).join("; ");
  throw new EngineError(
    "provider-missing",
    `None of the configured providers can be used (${why}). Name cpu too, in providers or engines, where the processor will do.`,
  );
}

async function tried(
  device: Device,
  readied: Readying,
  probe: (device: Device) => Promise<void>,
): Promise<Omit<Refusal, "device"> | undefined> {
  const lack = await readied(device);
  if (lack !== undefined) return lack;
  try {
    await probe(device);
    return undefined;
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message : String(thrown);
    return { reason: shortWords(words), expected: true };
  }
}
