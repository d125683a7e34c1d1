import type { GenerateParams } from "#/api/generate.ts";
import type { Config } from "#/config/schema.ts";
import { openEngines } from "#/engines.ts";
import type { Head } from "#/head.ts";
import { diskOf } from "#/lib/disk-of.ts";
import type { Log } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { createMetrics } from "#/metrics/create-metrics.ts";
import type { Preset } from "#/recipe/preset.ts";
import { expansionStyle, randomStyle } from "#/recipe/styles.ts";
import { workingSizeNumber } from "#/recipe/working-size-number.ts";
import type { AddressBook } from "#/routes/answers/addresses.ts";
import type { ReadyCheck } from "#/routes/health.ts";
import { browserGuard, isOpenToAll } from "#/routes/http/guard.ts";
import { routes } from "#/routes/index.ts";
import { listenAll, refuseTakenPorts } from "#/routes/listen.ts";
import { diskHasRoom, engineWorks, notClosing, redisAnswers, workersThere } from "#/routes/ready-checks.ts";
import { openShelves } from "#/shelves.ts";
import { withReserve } from "#/stores/disk-reserve.ts";
import type { FolderLock } from "#/stores/folder-lock.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { openImages } from "#/stores/images/open-images.ts";
import { isNewHistory, lockHistory, openHistoryOf } from "#/stores/open-history.ts";
import { createTasks, type TaskDependencies } from "#/tasks/create-tasks.ts";
import { addressNote, publicBase } from "#/tasks/intake/base-url.ts";
import type { GenerationAssets } from "#/tasks/intake/create-intake.ts";
import { absentDefaults, absentOfPreset, unusableDefaults } from "#/tasks/intake/defaults.ts";
import type { ModelShelf } from "#/tasks/intake/examine-models.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { openWebFolder } from "#/web/web-folder.ts";

/** A running server. */
export type App = Readonly<{
  /** What clients are given, without a slash at the end. */
  url: string;
  /** What it does. */
  tasks: Pick<Tasks, "running" | "queue" | "subscribe">;
  /** Takes nothing more, waits for the picture at hand as long as the settings say, and closes everything. */
  close: () => Promise<void>;
  /** While it closes: waits for the picture no longer; the next start makes it again. */
  handBack: () => Promise<void>;
}>;

/**
 * Builds every object once, in order, and listens.
 *
 * @param engineCommand starts this program as an engine, for `isolation: process`
 * @throws EngineError `storage-failed`, `provider-missing`, or `bad-setting` when the port or the folder is taken, or
 *   there is no such preset
 */
export async function startApp(config: Config, engineCommand: readonly string[], log: Log): Promise<App> {
  refuseTakenPorts(config);
  const manners = mannersOf(config);
  let port = config.port;
  const addresses = addressBook(config, () => port);
  const metrics = createMetrics({ version, runtime: `bun ${Bun.version}` });
  const countWebhook = metrics.webhook;
  const opened = await openTasks(config, { engineCommand, log, addresses, port: () => port, countWebhook });
  const { tasks, defaults, catalog, shared, styles, disk } = opened;
  const doors = shared.doors.map(({ name }) => name);
  const { head } = opened;
  metrics.watch(tasks, {
    doors,
    queueLimit: config.queue_limit,
    disk: () => diskOf(config.outputs),
    ...(head === undefined ? {} : { fleet: head.measures }),
  });
  let closing = false;
  opened.fetchDefaults();
  noteDefaults({ ...opened, ...config, presets: opened.presets }, defaults(), log);
  const answering = {
    ...shared,
    ...manners,
    tasks,
    tools: opened.tools,
    choices: opened.choices,
    catalog,
    styleNames: [expansionStyle, randomStyle, ...styles],
    styles: opened.styleTexts,
    defaults,
    workingSize: () => workingSizeNumber(catalog.sidecar(defaults().base_model_name)),
    addresses,
    meter: metrics.requests,
    metrics,
    // What else a server cannot do without is one more of these.
    readyChecks: [notClosing(() => closing), makersThere(tasks, head), diskHasRoom(disk)],
    ...(head === undefined ? {} : { fleet: head.desk, readyNotes: [workersThere(head.workers)] }),
  };
  const server = listenAll(() => routes(answering), config, log);
  port = server.port;
  noteAddresses(config, port, log);
  return {
    url: addresses.named() ?? addresses.listening(),
    tasks,
    handBack: () => tasks.close(0).then(server.stop),
    close: async () => {
      closing = true;
      opened.endFetches();
      await finish(tasks, config.shutdown_seconds, log);
      await server.stop();
      await opened.close();
    },
  };
}

/** Its own engines, or the way to those of a fleet. */
const makersThere = (tasks: Pick<Tasks, "engineState">, head: Head | undefined): ReadyCheck =>
  head === undefined ? engineWorks(tasks) : redisAnswers(head.fleet);

/** What tasks are opened with beside the configuration. */
type Surroundings = Readonly<{
  engineCommand: readonly string[];
  log: Log;
  addresses: AddressBook;
  port: () => number;
  /** Where hashes of model files are kept, if not with the outputs. */
  hashesIn?: string;
  /** Is told what became of each post to a webhook. */
  countWebhook?: TaskDependencies["countWebhook"];
}>;

/**
 * Everything but what listens: catalog, stores, engines, tasks.
 *
 * @throws EngineError `storage-failed`, `provider-missing`, or `bad-setting` when the folder is taken, or there is no such preset
 */
export async function openTasks(config: Config, given: Surroundings) {
  const { engineCommand, log, addresses, port, hashesIn, countWebhook } = given;
  const lock = lockHistory(config);
  const { history, head } = await openHistoryAndHead(config, lock, log);
  const shelves = openShelves(config, log, hashesIn ?? config.outputs);
  const { assets, catalog, fetches, disk, decoding, doors } = shelves;
  const kept = await openImages(config, { random: Math.random, gate: decoding, log });
  const images = withReserve(kept.images, disk);
  const engines = head === undefined ? openEngines(config, engineCommand, shelves.modelRoots) : [];
  const baseUrl = () => addresses.named() ?? addresses.listening();
  const created = await createTasks({
    ...shelves,
    config,
    log,
    images,
    history,
    engines,
    baseUrl,
    port,
    clock: Date.now,
    random: Math.random,
    ...(countWebhook === undefined ? {} : { countWebhook }),
    ...(head === undefined ? {} : { head: head.elsewhere({ catalog, history, images, baseUrl }) }),
  });
  return {
    ...created,
    ...shelves,
    shared: { images, log, decoding, doors },
    head,
    presets: assets.presets,
    styles: assets.styles.map(({ name }) => name),
    styleTexts: assets.styles,
    fetchDefaults: () => fetches.start(ownPreset(config, assets), config.preset),
    endFetches: () => fetches.close(),
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
      await head?.leave();
      await kept.close();
      await history.close();
      lock?.release();
    },
  };
}

/** The history, and this server in its fleet where it has one; of one that is refused there nothing stays open. */
async function openHistoryAndHead(
  config: Config,
  lock: FolderLock | undefined,
  log: Log,
): Promise<Readonly<{ history: HistoryStore; head?: Head }>> {
  let opening: Promise<HistoryStore> | undefined;
  const open = (): Promise<HistoryStore> => {
    opening ??= openHistoryOf(config, lock, log);
    return opening;
  };
  try {
    if (config.fleet === "") return { history: await open() };
    const isNew = isNewHistory(config);
    if (!isNew) await open();
    const head = await (await import("#/head.ts")).joinAsHead(config, { isNew, open }, log);
    return { history: head.history, head };
  } catch (thrown) {
    await opening?.then((history) => history.close()).catch(() => undefined);
    lock?.release();
    throw thrown;
  }
}

/**
 * Who is let in, and what is shown to whom.
 *
 * @throws EngineError `bad-setting` when `web_dir` holds no page
 */
const mannersOf = (config: Config) => ({
  auth: { keys: config.api_keys, protectFiles: config.protect_files },
  corsOrigins: config.cors_origins,
  guard: browserGuard(config),
  persistentHistory: config.persistent,
  ...(config.web_dir === "" ? {} : { webFolder: openWebFolder(config.web_dir) }),
});

function addressBook({ base_url, host }: Config, port: () => number): AddressBook {
  const base = (named: string): string => publicBase({ base_url: named, host, port: port() });
  return {
    listening: () => base(""),
    named: () => (base_url.trim() === "" ? undefined : base(base_url)),
  };
}

/** Says what addresses will look like, and whether anybody may ask for pictures. */
function noteAddresses(config: Config, port: number, log: Log): void {
  const { base_url, host } = config;
  log.info(addressNote({ base_url, host, port }));
  if (isOpenToAll(config))
    log.warn("whoever reaches this machine may make and delete pictures; api_keys sets a key", {
      host,
      port,
    });
}

/** Lets the picture at hand end, at most so long; says so, since to whoever asked for it nothing happens meanwhile. */
async function finish(tasks: Pick<Tasks, "current" | "close">, seconds: number, log: Log): Promise<void> {
  if (tasks.current() !== undefined)
    log.info("stopping when the picture at hand is finished; a second signal hands it back", { seconds });
  await tasks.close(seconds * 1000);
}

/** Says what requests will be made without, and what each of them will be refused for. */
function noteDefaults(
  here: ModelShelf & Parameters<typeof absentOfPreset>[0],
  defaults: GenerateParams,
  log: Log,
): void {
  const absent = [...absentDefaults(here), ...absentOfPreset(here)];
  if (absent.length > 0)
    log.warn("defaults that are not there are done without; always_download or fooocusd pull fetches them", {
      absent: absent.join(", "),
    });
  for (const sentence of unusableDefaults(defaults, here)) log.warn(sentence);
}

/** What requests are made with that name nothing, in the words of a preset; later ones win. */
const ownPreset = (
  { preset, fooocusKeys: { file, environment } }: Config,
  { presets }: GenerationAssets,
): Preset => ({
  ...presets.get("default"),
  ...file,
  ...(preset === "default" ? {} : presets.get(preset)),
  ...environment,
});
