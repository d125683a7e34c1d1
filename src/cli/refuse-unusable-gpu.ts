import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { cudaRefusal } from "#/native/cuda/prepare.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { type TriedDevice, tryDevice } from "#/native/try-device.ts";

/** How people write them. */
const names: Readonly<Record<TriedDevice, string>> = { cuda: "CUDA", webgpu: "WebGPU" };

/**
 * Ends a start whose settings leave nothing to work on: `providers`, or each of `engines`, names GPUs alone, and none of these can be
 * used. Better than a server that fails each task with the same words.
 *
 * @throws EngineError `provider-missing` with everything that is the matter
 */
export async function refuseUnusableGpu({
  providers,
  engines,
  cuda_libraries,
}: Pick<Config, "providers" | "engines" | "cuda_libraries">): Promise<void> {
  const [setting, named] = engines.length === 0 ? ["providers", providers] : ["engines", engines];
  if (named.some((device) => device.startsWith("cpu"))) return;
  const wanted = (["cuda", "webgpu"] as const).filter((one) =>
    named.some((device) => device.startsWith(one)),
  );
  const reasons: string[] = [];
  for (const device of wanted) {
    const reason = await refusalOf(device, cuda_libraries);
    if (reason === undefined) return;
    reasons.push(reason.replace(/\.?$/, "."));
  }
  if (reasons.length === 0) return;
  const them = wanted.map((device) => names[device]).join(" and ");
  throw new EngineError(
    "provider-missing",
    `${setting} is ${wanted.join(",")} alone, and ${them} cannot be used. ${reasons.join(" ")} Or set ${setting} to ${wanted.join(",")},cpu: then the processor works until that is mended.`,
  );
}

async function refusalOf(device: TriedDevice, libraries: string): Promise<string | undefined> {
  if (device === "webgpu") return await tryDevice(device);
  const looking = { place: cudaPlace(libraries), asks: true };
  return (await cudaRefusal(looking, libraryFolder(), tryDevice))?.reason;
}
