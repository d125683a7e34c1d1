import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Config } from "#/config/schema.ts";
import { type Channel, processChannel, threadChannel } from "#/engine/channel.ts";
import type { Engine } from "#/engine/engine.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineSettings } from "#/engine/protocol.ts";
import { type Device, engineEntry } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import { cacheFolder } from "#/native/cache.ts";
import { withOneCard } from "#/native/cuda/visible-card.ts";

/** Where one engine is to run, and what it is called: `gpu` is the card's number among those that the server sees. */
type Place = Readonly<{ name: string; device: Device; gpu?: number }>;

/** What of the configuration engines are started with. */
export type EnginesConfig = Pick<
  Config,
  | "engines"
  | "isolation"
  | "providers"
  | "cuda_libraries"
  | "weights"
  | "memory_budget"
  | "gpu_memory"
  | "derived_cache"
  | "threads"
  | "log_level"
  | "log_format"
  | "hang_seconds"
>;

/**
 * The engines of a server: one for each entry of `engines`, or one that takes what `providers` says. One task runs on each at
 * a time.
 *
 * @param command    starts this program as an engine, for `isolation: process`
 * @param modelRoots folders laid out like Fooocus' `models/`, searched in order
 * @throws EngineError `bad-setting` where two engines are to be threads, or one on another card than the first, a card is none of those that are visible, or its memory
 *   was not said in bytes
 */
export function openEngines(
  config: EnginesConfig,
  command: readonly string[],
  modelRoots: readonly string[],
): readonly Engine[] {
  refuseFewBytes(config.gpu_memory);
  const stillness = config.hang_seconds * 1000;
  const open = (name: string, settings: EngineSettings, environment?: NodeJS.ProcessEnv): Engine =>
    new EngineHost(settings, () => openChannel(config, command, environment), { name, stillness });
  const settings = settingsOf(config, modelRoots);
  if (config.engines.length === 0) return [open("engine", settings)];
  if (config.engines.length > 1 && config.isolation === "thread") {
    const message =
      "engines names several, and each needs a process of its own; leave isolation at process, or name one engine.";
    throw new EngineError("bad-setting", message, { setting: "isolation" });
  }
  const places = placesOf(config.engines);
  refuseCardOfThread(places, config.isolation);
  const onProcessor = places.filter(({ device }) => device === "cpu").length;
  return places.map(({ name, device, gpu }) => {
    const threads = device === "cpu" ? threadsOfOne(config.threads, onProcessor) : config.threads;
    const own = { ...settings, providers: [device], threads };
    return open(name, own, gpu === undefined ? undefined : withOneCard(gpu, process.env));
  });
}

/** Which card is meant is said in the environment of an engine's process, and a thread has none of its own. */
function refuseCardOfThread(places: readonly Place[], isolation: Config["isolation"]): void {
  const card = places.find(({ gpu = 0 }) => gpu > 0);
  if (card === undefined || isolation !== "thread") return;
  const message = `engines names ${card.name}, and an engine in a thread takes the first card; leave isolation at process, or let CUDA_VISIBLE_DEVICES name the card.`;
  throw new EngineError("bad-setting", message, { setting: "isolation" });
}

/** No card of less draws anything: who says 8 means gigabytes, and every task would be refused. */
const leastCard = 2 ** 30;

function refuseFewBytes(memory: number): void {
  if (memory === 0 || memory >= leastCard) return;
  const message = `gpu_memory is said in bytes, and ${memory} are too few for any network; 8 GB are ${8 * leastCard}, and 0 takes what the card has.`;
  throw new EngineError("bad-setting", message, { setting: "gpu_memory" });
}

/** Engines on one processor share its cores, where nobody says how many each is to take. */
const threadsOfOne = (threads: number, engines: number): number =>
  threads > 0 || engines < 2 ? threads : Math.max(1, Math.floor(availableParallelism() / engines));

/** Entries as `cpu`, `webgpu`, `cuda`, `cuda:1`; those of the same name are numbered from 0. */
function placesOf(entries: readonly string[]): readonly Place[] {
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const before = seen.get(entry) ?? 0;
    seen.set(entry, before + 1);
    const isAlone = entries.indexOf(entry) === entries.lastIndexOf(entry);
    return { name: isAlone ? entry : `${entry}#${before}`, ...engineEntry(entry) };
  });
}

const settingsOf = (config: EnginesConfig, modelRoots: readonly string[]): EngineSettings => ({
  modelRoots,
  providers: config.providers.length === 0 ? "auto" : config.providers,
  cudaLibraries: config.cuda_libraries,
  weights: config.weights,
  memoryBudget: config.memory_budget,
  gpuMemory: config.gpu_memory,
  derived: { folder: join(cacheFolder(), "derived"), budget: config.derived_cache },
  threads: config.threads,
  logLevel: config.log_level,
  logFormat: config.log_format,
});

/** The worker's address is right from this folder alone: bundled, every module lies where its entry does. */
const openChannel = (
  { isolation }: Pick<Config, "isolation">,
  command: readonly string[],
  environment: NodeJS.ProcessEnv | undefined,
): Channel =>
  isolation === "thread"
    ? threadChannel(new URL("./engine/worker.ts", import.meta.url))
    : processChannel(command, environment);
