import { findModel, type ModelKind } from "#/catalog/find-model.ts";
import { interposerPath } from "#/catalog/interposer-path.ts";
import type { EngineEvent, EngineSettings, RefusedDevice } from "#/engine/protocol.ts";
import { operators } from "#/graph/operators.ts";
import type { Device } from "#/lib/devices.ts";
import { ModelError, RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Features } from "#/networks/network.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { chooseDevice } from "#/runtime/choose-device.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { ModelPaths } from "#/runtime/job-files.ts";
import { mappingLimit } from "#/runtime/mappings.ts";
import { type Networks, startJob } from "#/runtime/models.ts";
import { probe } from "#/runtime/probe.ts";
import { Residency } from "#/runtime/residency.ts";
import { watchedNetworks, watchFiles } from "#/runtime/watched-networks.ts";
import type { Conditioning } from "./stages/encode-text.ts";
import { createTokenizer, type Tokenizer } from "./text/tokenizer.ts";
import { TextCache } from "./text-cache.ts";

/** What lives as long as the engine: the device, open networks, the tokenizer and texts encoded before. */
export type EngineContext = Readonly<{
  device: Device;
  /** Devices that were preferred to it and cannot be used. */
  refused: readonly RefusedDevice[];
  tokenizer: Tokenizer;
  /** The networks of a job; opened at their first call, and kept until the job's end. */
  open: (recipe: Recipe) => Promise<Networks>;
  /** The end of a job: of its networks those stay open that the budget has room for. */
  endJob: () => Promise<void>;
  /** One text's conditioning, from the cache or made now. */
  conditioning: (key: string, make: () => Promise<Conditioning>) => Promise<Conditioning>;
  /** Closes what is open; the next job opens it again. */
  unload: () => Promise<void>;
  close: () => Promise<void>;
}>;

/**
 * Makes the engine's context on the first device that works.
 *
 * @param libraryFolder where the runtime's shared library lies; CUDA's must lie beside it
 * @throws EngineError `provider-missing`
 */
export async function openContext(
  settings: EngineSettings,
  send: (event: EngineEvent) => void,
  log: Log,
  libraryFolder: string | undefined,
): Promise<EngineContext> {
  const { device, refused } = await chooseDevice(settings.providers, libraryFolder, probe);
  for (const { device: other, reason, installed } of refused)
    log[installed ? "warn" : "info"](`${other} cannot be used, the engine works on ${device}`, { reason });
  const residency = new Residency(
    { device, weights: settings.weights, threads: settings.threads },
    { bytes: settings.memoryBudget, mappings: mappingLimit() },
    log,
    (models) => send({ type: "loaded", models }),
  );
  const workshop = {
    operators: operators[device],
    residency,
    derived: new DerivedFiles(settings.derived, log),
  };
  const texts = new TextCache();
  return {
    device,
    refused: refused.map(({ device, reason }) => ({ device, reason })),
    tokenizer: createTokenizer(),
    open: async (recipe) => {
      const paths = pathsOf(recipe, settings.modelRoots);
      const files = watchFiles(paths);
      await residency.dropReplaced();
      workshop.derived.dropReplaced();
      const networks = startJob(paths, featuresOf(recipe), workshop, used);
      const watched = watchedNetworks(networks, files, () => residency.close());
      return { ...watched, preview: lenientPreview(watched.preview, log) };
    },
    endJob: () => residency.endJob(),
    conditioning: (key, make) => texts.conditioning(key, make),
    unload: async () => {
      texts.clear();
      await residency.close();
    },
    close: () => residency.close(),
  };
}

/** What a recipe asks of the drawing of its networks. */
const featuresOf = ({ clipSkip, freeU }: Recipe): Features => ({ clipSkip, freeU: freeU !== null });
/** A file that makes no previews is told of once a job, and costs no picture. */
function lenientPreview(preview: Networks["preview"], log: Log): Networks["preview"] {
  let broken = false;
  return async (latent) => {
    if (broken) return undefined;
    try {
      return await preview(latent);
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      broken = true;
      log.warn("previews are made of colours", { reason: thrown.message });
      return undefined;
    }
  };
}

/** The networks that every picture is made with. */
const used = ["text-l", "text-g", "unet", "vae-decoder"] as const;

/**
 * Where a recipe's files are now.
 *
 * @throws RequestError `missing-model`
 */
function pathsOf(
  { base, vae, parts = [], loras, sampledAs, previews, refiner }: Recipe,
  modelRoots: EngineSettings["modelRoots"],
): ModelPaths {
  const pathOf = (kind: ModelKind, name: string): string => {
    const path = findModel(modelRoots, kind, name);
    if (path !== undefined) return path;
    const message = `The file ${name} is no longer in the ${kind} folders.`;
    throw new RequestError("missing-model", message, { name });
  };
  // One that is gone is no reason to refuse a picture: without it previews are made of colours.
  const previewFile =
    previews?.by === "network" ? findModel(modelRoots, "vae_approx", previews.file) : undefined;
  return {
    loras: loras.map(({ name, weight }) => ({ path: pathOf("loras", name), weight })),
    ...Object.fromEntries(parts.map(({ kind, name }) => [kind, pathOf(kind, name)])),
    vae: vae === null ? undefined : pathOf("vae", vae),
    base: pathOf("checkpoints", base),
    ...(previewFile === undefined ? {} : { vae_approx: previewFile }),
    sampledAs,
    refiner:
      refiner === null || refiner.name === null
        ? undefined
        : {
            path: pathOf("checkpoints", refiner.name),
            sampledAs: refiner.sampledAs,
            interposer: interposerPath((file) => findModel(modelRoots, "vae_approx", file)),
          },
  };
}
