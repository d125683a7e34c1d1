import type { Config } from "#/config/schema.ts";
import { engineEntry } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { cudaRefusal } from "#/native/cuda/prepare.ts";
import { withOneCard } from "#/native/cuda/visible-card.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { type Trial, type TriedDevice, tryDevice } from "#/native/try-device.ts";

/** How people write them. */
const names: Readonly<Record<TriedDevice, string>> = { cuda: "CUDA", webgpu: "WebGPU" };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Ends a start whose settings leave nothing to work on: `providers`, or each of `engines`, names GPUs alone, and none of these can be
 * used. Better than a server that fails each task with the same words. An engine of its own card is asked for that one: the first may be
 * too small, or somebody else's.
 *
 * @throws EngineError `provider-missing` with everything that is the matter
 */
export async function refuseUnusableGpu(
  { providers, engines, cuda_libraries }: Pick<Config, "providers" | "engines" | "cuda_libraries">,
  environment: Environment,
): Promise<void> {
  const [setting, named] = engines.length === 0 ? ["providers", providers] : ["engines", engines];
  const wanted = [...new Set(named)].map((entry) => ({ entry, ...engineEntry(entry) }));
  if (wanted.some(({ device }) => device === "cpu")) return;
  const reasons = new Set<string>();
  for (const { entry, device, gpu } of wanted) {
    if (device === "cpu") continue;
    const own = gpu === undefined ? undefined : withOneCard(gpu, environment);
    const reason = await refusalOf(device, cuda_libraries, own);
    if (reason === undefined) return;
    const whose = wanted.length > 1 && gpu !== undefined ? `${entry}: ` : "";
    reasons.add(`${whose}${reason.replace(/\.?$/, ".")}`);
  }
  if (reasons.size === 0) return;
  const entries = wanted.map(({ entry }) => entry).join(",");
  const them = [...new Set(wanted.flatMap(({ device }) => (device === "cpu" ? [] : names[device])))].join(
    " and ",
  );
  throw new EngineError(
    "provider-missing",
    `${setting} is ${entries} alone, and ${them} cannot be used. ${[...reasons].join(" ")} Or set ${setting} to ${entries},cpu: then the processor works until that is mended.`,
  );
}

async function refusalOf(
  device: TriedDevice,
  libraries: string,
  environment: Environment | undefined,
): Promise<string | undefined> {
  const asking = environment === undefined ? {} : { environment };
  const trial: Trial = (one, args) => tryDevice(one, args, asking);
  if (device === "webgpu") return await trial(device);
  const looking = { place: cudaPlace(libraries), asks: true, asking };
  return (await cudaRefusal(looking, libraryFolder(), trial))?.reason;
}
