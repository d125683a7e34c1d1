import { readFileSync } from "node:fs";
import type { SamSize } from "#/catalog/detection-files.ts";
import { type ExpansionFiles, expansionThere, findExpansion } from "#/catalog/expansion-files.ts";
import { findForeign, foreignFolder } from "#/catalog/find-foreign.ts";
import { findModel, type ModelKind } from "#/catalog/find-model.ts";
import { interposerPath } from "#/catalog/interposer-path.ts";
import { folderOf } from "#/catalog/part-folders.ts";
import type { EngineEvent, EngineSettings, RefusedDevice } from "#/engine/protocol.ts";
import { operatorsOf } from "#/graph/operators.ts";
import type { Device, Precision } from "#/lib/devices.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { FileStretch } from "#/lib/read-ahead.ts";
import type { NetworkName } from "#/networks/index.ts";
import type { Features } from "#/networks/network.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Captioner } from "#/runtime/captioner.ts";
import { chooseDevice, type Readying } from "#/runtime/choose-device.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { Detector } from "#/runtime/detector.ts";
import { type Machine, thisMachine } from "#/runtime/eight-bits-choice.ts";
import { type ForeignNetwork, openForeign } from "#/runtime/foreign/foreign-network.ts";
import type { ModelPaths } from "#/runtime/job-files.ts";
import type { Workshop } from "#/runtime/job-network.ts";
import { knownCheckpoints } from "#/runtime/known-checkpoints.ts";
import { knownLoras } from "#/runtime/known-loras.ts";
import { mappingLimit } from "#/runtime/mappings.ts";
import { codedLayers, type Networks, startJob } from "#/runtime/models.ts";
import { ownPaths } from "#/runtime/own-paths.ts";
import { probe } from "#/runtime/probe.ts";
import { Residency } from "#/runtime/residency.ts";
import type { Segmenter } from "#/runtime/segmenter.ts";
import { watchedNetworks, watchFiles } from "#/runtime/watched-networks.ts";
import { cardFor, cardOf, tellRoom } from "./card.ts";
import { openCaptioner } from "./describe/open-captioner.ts";
import { ExpansionWordsCache } from "./expansion-words-cache.ts";
import type { Fact } from "./generate.ts";
import { lenientPreview } from "./lenient-preview.ts";
import { openDetector, openSegmenter } from "./masks/open-detection.ts";
import { type PrecisionMeans, settledPrecision } from "./precision.ts";
import { needsTexts } from "./sources/needs-texts.ts";
import type { ExpansionWords } from "./text/expansion-words.ts";
import { createTokenizer, type Tokenizer } from "./text/tokenizer.ts";
import { TextCache } from "./text-cache.ts";

/** What lives as long as the engine: the device, open networks, the tokenizer and texts encoded before. */
export type EngineContext = Readonly<{
  device: Device;
  /** Devices that were preferred to it and cannot be used. */
  refused: readonly RefusedDevice[];
  /** Those of them that were named by whoever set the server up: pictures tell that they were drawn without. */
  missed: readonly RefusedDevice[];
  tokenizer: Tokenizer;
  /** The networks of a job; opened at their first call, and kept until the job's end. */
  open: (recipe: Recipe, precision: Precision) => Promise<Networks>;
  /** In which precision a recipe is drawn; see {@link settledPrecision}. */
  settled: (recipe: Recipe, checkStop: () => void) => AsyncGenerator<Fact, Precision, undefined>;
  /**
   * A network of others' drawing, an ONNX file in its kind's folder of models; opened at its first call.
   *
   * @throws RequestError `missing-model` where it is gone, ModelError where it is none
   */
  foreign: (kind: Parameters<typeof openForeign>[0], name: string) => ForeignNetwork;
  /**
   * The text of a file in a folder of models.
   *
   * @throws RequestError `missing-model` where it is gone
   */
  modelText: (folder: ModelKind, name: string) => string;
  /**
   * What captions photographs, until the job's end.
   *
   * @throws as {@link openCaptioner}
   */
  captioner: () => Promise<Captioner>;
  /**
   * What finds what is described, until something else is announced.
   *
   * @throws as {@link openDetector}
   */
  detector: () => Promise<Detector>;
  /**
   * What outlines what lies in boxes, in the same way.
   *
   * @throws as {@link openSegmenter}
   */
  segmenter: (size: SamSize) => Promise<Segmenter>;
  /** What prompt expansion writes with; only asked of a job that has something to expand. */
  expansionWords: () => ExpansionWords;
  /** The end of a job: of its networks those stay open that the budget has room for. */
  endJob: () => Promise<void>;
  /** Sections of texts that were encoded before. */
  encodedTexts: Pick<TextCache, "known" | "keep">;
  /** Closes what is open; the next job opens it again. */
  unload: () => Promise<void>;
  close: () => Promise<void>;
}>;

/** What an engine finds where it works. */
type EngineHome = Readonly<{
  /** Makes a device ready for the runtime; without it each is tried as it is. */
  readied?: Readying;
  /** What is asked whether 8 bits are worth something; the machine that this runs on where it is left out. */
  machine?: Machine;
  /** Bytes of a card's memory to plan with, whatever the device; as settings and card say where it is left out. */
  card?: number;
  /** What a device says of its memory. */
  memory?: (device: Device) => Promise<number | undefined>;
}>;

/**
 * Makes the engine's context on the first device that works.
 *
 * @param home where it works; see {@link EngineHome}
 * @throws EngineError `provider-missing`
 */
export async function openContext(
  settings: EngineSettings,
  send: (event: EngineEvent) => void,
  log: Log,
  { readied = asItIs, machine = thisMachine, card, memory }: EngineHome = {},
): Promise<EngineContext> {
  const { device, refused } = await chooseDevice(settings.providers, readied, probe);
  const isNamed = settings.providers !== "auto";
  for (const { device: other, reason, expected } of refused) {
    const words = `${other} cannot be used, the engine works on ${device}`;
    log[expected || isNamed ? "warn" : "info"](words, { reason });
  }
  const told = refused.map(({ device, reason }) => ({ device, reason }));
  const residency = new Residency(
    { device, weights: settings.weights, threads: settings.threads },
    { bytes: settings.memoryBudget, mappings: mappingLimit() },
    log,
    (models) => send({ type: "loaded", models }),
  );
  const workshop = {
    operators: operatorsOf(device, settings.weights),
    residency,
    derived: new DerivedFiles(settings.derived, log),
    known: { checkpoint: knownCheckpoints(), loras: knownLoras() },
    willRead: (stretches: readonly FileStretch[]) => send({ type: "reads", stretches }),
  };
  const bytes = card ?? cardOf(settings, device) ?? (await memory?.(device));
  const texts = new TextCache();
  const words = new ExpansionWordsCache();
  return {
    device,
    refused: told,
    missed: isNamed ? told : [],
    tokenizer: createTokenizer(),
    expansionWords: () => words.of(expansionFiles(settings.modelRoots)),
    ...drawing(settings, workshop, { log, whyFull: machine.whyFull(device, settings.threads), card: bytes }),
    foreign: (kind, name) =>
      openForeign(
        kind,
        there(findForeign(settings.modelRoots, kind, name), foreignFolder(kind), name),
        residency,
      ),
    modelText: (folder, name) =>
      readFileSync(there(findModel(settings.modelRoots, folder, name), folder, name), "utf8"),
    captioner: async () => {
      await residency.dropReplaced();
      return openCaptioner(settings.modelRoots, workshop);
    },
    ...detectorsIn(settings.modelRoots, workshop),
    endJob: () => residency.endJob(),
    encodedTexts: texts,
    unload: async () => {
      texts.clear();
      await residency.close();
    },
    close: () => residency.close(),
  };
}

const asItIs: Readying = async () => undefined;

/** The networks of a recipe, and the precision that they are drawn in. */
const drawing = (
  { modelRoots }: EngineSettings,
  workshop: Workshop,
  {
    log,
    whyFull,
    card,
  }: Readonly<{ log: Log; whyFull: PrecisionMeans["whyFull"]; card: number | undefined }>,
): Pick<EngineContext, "settled" | "open"> => ({
  settled: (recipe, checkStop) =>
    settledPrecision({
      whyFull,
      coded: () =>
        codedLayers(pathsOf(recipe, modelRoots), featuresOf(recipe, "fast"), workshop, networksFor(recipe)),
      derived: workshop.derived,
      inUse: (path) => workshop.residency.isUsing(path),
      checkStop,
    }),
  open: async (recipe, precision) => {
    const { residency, derived } = workshop;
    const paths = pathsOf(recipe, modelRoots);
    const files = watchFiles(paths);
    await residency.dropReplaced();
    derived.dropReplaced();
    const planned = { ...workshop, ...cardFor(recipe, card) };
    const networks = startJob(paths, featuresOf(recipe, precision), planned, networksFor(recipe));
    tellRoom(networks.room, log);
    const watched = watchedNetworks(networks, files, () => residency.close());
    return { ...watched, preview: lenientPreview(watched.preview, log) };
  },
});

/** What finds and outlines what is described, of the files in these folders. */
const detectorsIn = (
  modelRoots: readonly string[],
  workshop: Workshop,
): Pick<EngineContext, "detector" | "segmenter"> => ({
  detector: async () => {
    await workshop.residency.dropReplaced();
    return openDetector(modelRoots, workshop);
  },
  segmenter: async (size) => openSegmenter(modelRoots, size, workshop),
});

/** What a recipe asks of the drawing of its networks. */
const featuresOf = ({ clipSkip, freeU }: Recipe, precision: Precision): Features => ({
  clipSkip,
  freeU: freeU !== null,
  fast: precision === "fast",
});

/** The networks of its checkpoint that a recipe's pictures are made with. */
function networksFor({ inversions, source, controls }: Recipe): readonly NetworkName[] {
  if (!needsTexts({ source, ...(controls === undefined ? {} : { controls }) })) return [];
  return [
    ...(inversions === undefined
      ? (["text-l", "text-g"] as const)
      : (["text-l-vectors", "text-g-vectors"] as const)),
    "unet",
    "vae-decoder",
    ...(source.kind === "noise" ? [] : (["vae-encoder"] as const)),
  ];
}

/** @throws RequestError `missing-model` */
function expansionFiles(modelRoots: EngineSettings["modelRoots"]): ExpansionFiles {
  const files = findExpansion(modelRoots);
  if (files !== undefined) return files;
  const lacks = expansionThere(modelRoots).lacks.join(" and ");
  throw new RequestError("missing-model", `Prompt expansion lacks ${lacks}, which was there before.`, {});
}

/** @throws RequestError `missing-model` */
function there(path: string | undefined, folder: string, name: string): string {
  if (path !== undefined) return path;
  const message = `The file ${name} is no longer in the ${folder} folders.`;
  throw new RequestError("missing-model", message, { name });
}

/**
 * Where a recipe's files are now.
 *
 * @throws RequestError `missing-model`
 */
function pathsOf(
  { base, vae, parts = [], patch, loras, inversions = [], sampledAs, previews, refiner }: Recipe,
  modelRoots: EngineSettings["modelRoots"],
): ModelPaths {
  const pathOf = (kind: ModelKind, name: string): string =>
    there(findModel(modelRoots, kind, name), kind, name);
  // One that is gone is no reason to refuse a picture: without it previews are made of colours.
  const previewFile =
    previews?.by === "network" ? findModel(modelRoots, "vae_approx", previews.file) : undefined;
  return {
    loras: loras.map(({ name, weight }) => ({ path: pathOf("loras", name), weight })),
    inversions: inversions.map(({ said, name }) => ({ said, path: pathOf("embeddings", name) })),
    ...ownPaths(parts.map(({ kind, name }) => ({ kind, path: pathOf(folderOf(kind), name) }))),
    ...(patch === undefined ? {} : { patch: pathOf("inpaint", patch) }),
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
