import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { PostedRecipe } from "#/api/recipe-document.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { controlFilesThere, towerFilesThere } from "#/catalog/control-files.ts";
import { detectionFilesThere } from "#/catalog/detection-files.ts";
import { expansionThere } from "#/catalog/expansion-files.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import { inpaintFilesThere } from "#/catalog/inpaint-files.ts";
import { mattesThere } from "#/catalog/matte-files.ts";
import { safetyFileThere } from "#/catalog/safety-file.ts";
import { VisionTowers } from "#/catalog/vision-towers.ts";
import type { Config } from "#/config/schema.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Log } from "#/lib/log.ts";
import { isDemoFile } from "#/recipe/demo-model.ts";
import type { Preset } from "#/recipe/preset.ts";
import { lazyTokenizer } from "#/recipe/prompt-limits.ts";
import type { Resolved, World } from "#/recipe/resolve.ts";
import type { Style } from "#/recipe/styles.ts";
import type { Wildcards } from "#/recipe/wildcards.ts";
import { type Considering, consider } from "./consider.ts";
import { serverDefaults } from "./defaults.ts";
import { examineInTurn, type ModelShelf } from "./examine-models.ts";
import { foresee } from "./foresee.ts";
import type { InputOptions } from "./image-source.ts";
import { InputSizes } from "./input-sizes.ts";
import { loadInputs } from "./load-inputs.ts";
import { refuseUnusable } from "./mask-tool.ts";
import { type Preparation, type Prepared, prepareBy, type ReadingRules } from "./prepare.ts";
import { prepareAsMade } from "./prepare-as-made.ts";
import { type ChosenBefore, requestChoices } from "./request-choices.ts";
import { resolveAgain } from "./resolve-again.ts";
import { type AskTool, createTools, type Tools } from "./tools.ts";

/** Texts and names that are part of the program, or of the Fooocus folder it was pointed at. */
export type GenerationAssets = Readonly<{
  presets: ReadonlyMap<string, Preset>;
  styles: readonly Style[];
  wildcards: Wildcards;
  /** Names of the wildcards there are. */
  wildcardNames: () => readonly string[];
}>;

/** What of the configuration fills requests. */
export type IntakeConfig = Pick<
  Config,
  | "host"
  | "also_port"
  | "preset"
  | "precision"
  | "fooocusKeys"
  | "noise"
  | "allow_private_fetch"
  | "upscaler"
  | "upscale_without_model"
>;

/** What requests are taken with. */
export type IntakeParts = ModelShelf &
  Pick<Considering, "webhook" | "roomFor" | "random" | "fetches"> &
  Pick<InputOptions, "images" | "decoding"> &
  Readonly<{
    config: IntakeConfig;
    catalog: Catalog;
    assets: GenerationAssets;
    log: Log;
    hashes: Pick<ModelHashes, "of">;
    /** What the networks run on. */
    device: () => string;
    /** Room on the disks. */
    disk: Preparation["disk"];
    /** Asks an engine about a picture. */
    askTool: AskTool;
    /** Start of the addresses that clients are given, without a slash at the end (`publicBase`). */
    baseUrl: () => string;
    /** The port we listen on, for recognising our own addresses. */
    port: () => number;
  }>;

/** How requests come in. */
export type Intake = Readonly<{
  /** Checks a request by the rules of its API, takes in its images and fills it; throws RequestError. */
  take: (request: GenerateRequest, rules: ReadingRules, recipe?: PostedRecipe) => Promise<Prepared>;
  /** See {@link resolveAgain}. */
  resolve: (params: GenerateParams, kept: string | undefined) => Promise<Resolved>;
  /** See {@link loadInputs}. */
  loadInputs: (resolved: Resolved) => Promise<readonly Pixmap[]>;
  tools: Tools;
  /** See {@link requestChoices}. */
  choices: (said: ChosenBefore) => ReturnType<typeof requestChoices>;
}>;

/** The server's values for what a request does not say, for the checkpoint that it names, in the world as it is now. */
export const defaultsOf =
  ({ config, catalog, assets }: Pick<IntakeParts, "config" | "catalog" | "assets">) =>
  (base?: string): GenerateParams =>
    serverDefaults({
      base,
      presets: assets.presets,
      preset: config.preset,
      precision: config.precision,
      fooocusKeys: config.fooocusKeys,
      catalog,
      styles: assets.styles.map(({ name }) => name),
    });

/** Puts the intake together. */
export function createIntake(parts: IntakeParts): Intake {
  const { catalog, examiner, assets, log } = parts;
  const tokenizer = lazyTokenizer();
  const towers = new VisionTowers();
  const sizes = new InputSizes(parts.images);
  const world = (): World => ({
    ...worldOf(parts, towers),
    tokenizer,
    pictureSize: (name) => sizes.of(name),
  });
  const shelf = { catalog, examiner };
  const examine = examineInTurn();
  const considering: Considering = {
    ...parts,
    world,
    examine: (choice) => examine(choice, shelf),
    refuseUnusable: (making, field) => refuseUnusable(making, field, shelf),
    defaultsFor: defaultsOf(parts),
    presets: assets.presets,
  };
  const inputOptions = (): InputOptions => inputOptionsOf(parts);
  const preparation = {
    considered: async (request: GenerateRequest) => {
      await sizes.look(request);
      return await consider(request, considering);
    },
    sizes,
    inputOptions,
    disk: parts.disk,
  };
  return {
    take: (request, rules, recipe) =>
      recipe === undefined
        ? prepareBy(rules, request, { ...preparation, world, log })
        : prepareAsMade(request, recipe, { ...parts, ...preparation, considering }),
    resolve: async (params, kept) => {
      await sizes.look(params);
      return resolveAgain(params, kept, world(), shelf);
    },
    loadInputs: (resolved) => loadInputs(resolved, parts),
    tools: createTools({
      inputOptions,
      world,
      foresee: (request) => foresee(request, preparation),
      shelf,
      askTool: parts.askTool,
    }),
    choices: (said) => requestChoices(said, considering),
  };
}

function worldOf(
  { catalog, assets, config }: Pick<IntakeParts, "catalog" | "assets" | "config">,
  towers: VisionTowers,
): World {
  return {
    checkpoints: catalog.names("checkpoints"),
    loras: catalog.names("loras"),
    vaes: catalog.names("vae"),
    inversions: catalog.names("embeddings"),
    expansion: expansionThere(catalog.roots),
    controlFiles: controlFilesThere(catalog.roots),
    towers: {
      there: towerFilesThere(catalog.roots),
      ofWidth: (width) => towers.ofWidth(catalog.roots, width, isDemoFile),
    },
    inpaintFiles: inpaintFilesThere(catalog.roots),
    safetyFile: safetyFileThere(catalog.roots),
    mattes: mattesThere(catalog.roots),
    detection: detectionFilesThere(catalog.roots),
    previewFiles: catalog.names("vae_approx"),
    styles: assets.styles,
    wildcards: assets.wildcards,
    wildcardNames: assets.wildcardNames,
    sidecar: (checkpoint) => catalog.sidecar(checkpoint),
    sidecarFaults: (checkpoint) => catalog.sidecarFaults(checkpoint),
    unreadable: (kind, name) => catalog.unreadable(kind, name),
    noise: config.noise,
    upscalers: {
      files: catalog.names("upscale_models"),
      rule: { named: config.upscaler, without: config.upscale_without_model },
    },
  };
}

const imageLimits = { maxBytes: 64 * 1024 * 1024, milliseconds: 20_000, redirects: 5 };

type InputParts = Pick<IntakeParts, "images" | "baseUrl" | "port" | "config" | "decoding">;

function inputOptionsOf({ images, baseUrl, port, config, decoding }: InputParts): InputOptions {
  const limits = { ...imageLimits, allowPrivate: config.allow_private_fetch };
  const hosts = ["127.0.0.1", "localhost", "[::1]", config.host];
  const ports = [port(), config.also_port];
  const otherBases = hosts.flatMap((host) => ports.map((one) => `http://${host}:${one}`));
  return { images, baseUrl: baseUrl(), otherBases, limits, ...(decoding === undefined ? {} : { decoding }) };
}
