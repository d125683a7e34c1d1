import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Examiner } from "#/catalog/examine.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import type { Config } from "#/config/schema.ts";
import type { Engine } from "#/engine/engine.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import { isNothing } from "#/lib/nothing.ts";
import type { FetchLimits } from "#/outgoing/safe-fetch.ts";
import type { Preset } from "#/recipe/preset.ts";
import { lazyTokenizer } from "#/recipe/prompt-limits.ts";
import type { Resolved, World } from "#/recipe/resolve.ts";
import type { Style } from "#/recipe/styles.ts";
import type { Wildcards } from "#/recipe/wildcards.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { Webhooks } from "./delivery/webhook.ts";
import type { Doors } from "./door.ts";
import { serverDefaults } from "./intake/defaults.ts";
import { examineInTurn } from "./intake/examine-models.ts";
import type { InputOptions } from "./intake/inputs.ts";
import { foresee, prepareBy, resolveAgain } from "./intake/prepare.ts";
import { createTools, type Tools } from "./intake/tools.ts";
import { TaskService } from "./life-cycle/service.ts";
import { describeImage, roomWarning } from "./picture-texts/describe-image.ts";

/** What `createTasks` reads of the configuration. */
export type TaskConfig = Pick<
  Config,
  | "host"
  | "also_port"
  | "preset"
  | "fooocusKeys"
  | "noise"
  | "queue_limit"
  | "webhook_url"
  | "webhook_secret"
  | "allow_private_fetch"
  | "disable_metadata"
  | "created_by"
>;

/** Texts and names that are part of the program, or of the Fooocus folder it was pointed at. */
export type GenerationAssets = Readonly<{
  presets: ReadonlyMap<string, Preset>;
  styles: readonly Style[];
  wildcards: Wildcards;
}>;

export type TaskDependencies = Readonly<{
  config: TaskConfig;
  history: HistoryStore;
  images: ImageStore;
  catalog: Catalog;
  examiner: Examiner;
  hashes: ModelHashes;
  engine: Engine;
  assets: GenerationAssets;
  log: Log;
  /** Where pictures wait to be decoded, those of the routes too; without it each waits for itself. */
  decoding?: DecodeGate;
  /** Start of the addresses that clients are given, without a slash at the end (`publicBase`). */
  baseUrl: () => string;
  /** The port we listen on, for recognising our own addresses. */
  port: () => number;
  /** The APIs by which tasks come in. */
  doors: Doors;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** 0 up to 1. */
  random: () => number;
}>;

/** The tasks, and what else follows from the same parts. */
export type CreatedTasks = Readonly<{
  tasks: TaskService;
  tools: Tools;
  /** The server's values for what a request does not say, in the world as it is now. */
  defaults: () => GenerateParams;
}>;

const imageLimits = { maxBytes: 64 * 1024 * 1024, milliseconds: 20_000, redirects: 5 };

/** Puts the tasks together. They take up what the last process left unfinished at once. */
export function createTasks(parts: TaskDependencies): CreatedTasks {
  const { config, history, images, catalog, hashes, engine, assets, log, clock, baseUrl, doors } = parts;
  const { preset, fooocusKeys } = config;
  const defaults = (base?: string): GenerateParams =>
    serverDefaults({
      base,
      presets: assets.presets,
      preset,
      fooocusKeys,
      catalog,
      styles: assets.styles.map(({ name }) => name),
    });
  const defaultAdaptiveCfg = defaults().adaptive_cfg;
  const describing = { catalog, createdBy: makerOf(config), defaultAdaptiveCfg };
  const tokenizer = lazyTokenizer();
  const world = (): World => ({ ...worldOf(parts), tokenizer });
  const preparation = {
    world,
    models: parts,
    examine: examineInTurn(),
    defaultsFor: defaults,
    presets: assets.presets,
    inputOptions: () => inputOptionsOf(parts),
    webhook: webhookOptions(config),
    log,
    roomFor: async (params: GenerateParams, resolved: Resolved) =>
      config.disable_metadata ? undefined : await roomWarning(params, resolved, describing),
    random: parts.random,
  };
  const foreseen = (request: GenerateRequest) => foresee(request, preparation);
  const tools = createTools(() => inputOptionsOf(parts), world, foreseen);
  const webhooks = new Webhooks(history, webhookOptions(config), clock, log);
  const tasks = new TaskService({
    history,
    images,
    engine,
    webhooks,
    log,
    ...(parts.decoding === undefined ? {} : { decoding: parts.decoding }),
    now: clock,
    baseUrl,
    queueLimit: config.queue_limit,
    doors,
    prepare: (request, door) => prepareBy(door, request, preparation),
    resolve: (params) => resolveAgain(params, world(), parts),
    describe: async (params, resolved, image) =>
      config.disable_metadata || !params.save_metadata_to_images
        ? undefined
        : await describeImage(params, resolved, image, { ...describing, hashes }),
  });
  return { tasks, tools, defaults };
}

/** Whom requests may have called; the operator's own address is no stranger. */
const webhookOptions = (config: TaskConfig) => ({
  secret: config.webhook_secret,
  allowPrivate: config.allow_private_fetch,
  own: isNothing(config.webhook_url) ? "" : config.webhook_url,
});

const makerOf = ({ created_by, fooocusKeys: { environment, file } }: TaskConfig): string =>
  [created_by, environment.metadata_created_by, file.metadata_created_by].find((name) => name) ?? "";

function worldOf({ catalog, assets, config }: TaskDependencies): World {
  return {
    checkpoints: catalog.names("checkpoints"),
    loras: catalog.names("loras"),
    vaes: catalog.names("vae"),
    styles: assets.styles,
    wildcards: assets.wildcards,
    sidecar: (checkpoint) => catalog.sidecar(checkpoint),
    sidecarFaults: (checkpoint) => catalog.sidecarFaults(checkpoint),
    unreadable: (kind, name) => catalog.unreadable(kind, name),
    noise: config.noise,
  };
}

function inputOptionsOf({ images, baseUrl, port, config, decoding }: TaskDependencies): InputOptions {
  const limits: FetchLimits = { ...imageLimits, allowPrivate: config.allow_private_fetch };
  const hosts = ["127.0.0.1", "localhost", "[::1]", config.host];
  const ports = [port(), config.also_port];
  const otherBases = hosts.flatMap((host) => ports.map((one) => `http://${host}:${one}`));
  return { images, baseUrl: baseUrl(), otherBases, limits, ...(decoding === undefined ? {} : { decoding }) };
}
