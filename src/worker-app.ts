import { hostname } from "node:os";
import { allFiles } from "#/catalog/all-files.ts";
import { modelKinds } from "#/catalog/find-model.ts";
import type { Config } from "#/config/schema.ts";
import type { Engine } from "#/engine/engine.ts";
import { openEngines } from "#/engines.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import type { Member } from "#/fleet/roll.ts";
import { joinFleet } from "#/head.ts";
import { BugError, EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { workerMetrics } from "#/metrics/worker-metrics.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { listen } from "#/routes/listen.ts";
import { redisAnswers, someEngineWorks, staysHere } from "#/routes/ready-checks.ts";
import { workerPage } from "#/routes/worker-page.ts";
import { openShelves, type Shelves } from "#/shelves.ts";
import { withReserve } from "#/stores/disk-reserve.ts";
import { openImages } from "#/stores/images/open-images.ts";
import { createMaking } from "#/tasks/create-making.ts";
import { ToldFiles } from "#/tasks/fleet/told-files.ts";
import { FleetWorker } from "#/tasks/fleet/worker.ts";
import { PlaceWatch, placeOfHeads, settledPlace } from "#/tasks/fleet/worker-place.ts";
import { DiskWait } from "#/tasks/life-cycle/disk-wait.ts";

/** A running worker of a fleet. */
export type WorkerApp = Readonly<{
  /** What it is called on the roll. */
  id: string;
  /** Fulfilled when somebody told it to leave, and it has nothing left to do. */
  left: Promise<void>;
  /** Takes nothing more, waits for the tasks at hand as long as the settings say, hands back what is left, and goes. */
  close: () => Promise<void>;
  /** While it closes: waits for the tasks at hand no longer. */
  handBack: () => Promise<void>;
}>;

/** Opens the engines of a worker. */
export type OpenEngines = (modelRoots: readonly string[]) => readonly Engine[];

/**
 * Builds every object of a worker once, in order, and takes tasks.
 *
 * @param engineCommand starts this program as an engine, for `isolation: process`
 * @throws EngineError `bad-setting`, `fleet-unavailable`, `provider-missing`
 */
export async function startWorker(
  config: Config,
  engineCommand: readonly string[],
  log: Log,
  open: OpenEngines = (modelRoots) => openEngines(config, engineCommand, modelRoots),
): Promise<WorkerApp> {
  refuseNoFleet(config);
  const shelves = openShelves(config, log, config.outputs);
  const { fleet, id } = await joinFleet(config, log);
  const kept = await openPlace(config, fleet, shelves, log).catch(async (thrown: unknown) => {
    await fleet.close();
    throw thrown;
  });
  const { images, watch } = kept;
  const engines = open(shelves.modelRoots);
  const making = makingOf(config, log, { ...shelves, images, engines });
  const worker = new FleetWorker({
    ...shelves,
    ...making,
    fleet,
    images,
    engines,
    log,
    worker: id,
    now: Date.now,
    passingLimit: config.passing_seconds * 1000,
    disk: new DiskWait(shelves.disk, log, () => worker.look()),
    changed: () => void place.tell("changed"),
    hasPlace: () => watch.trouble === undefined,
    hasFiles: (needs) => needs.every((file) => isThere(shelves, file)),
  });
  const told = await ToldFiles.begin(fleet.roll, () => allFiles(shelves.modelRoots), log);
  const page = config.metrics_port === 0 ? undefined : pageOf(config, worker, fleet);
  // It listens before anybody knows of it: what it is told from then on, it hears.
  worker.start();
  const place = placeOnRoll(fleet, asMember(id, { worker, told, watch }));
  void place.tell("came");
  const go = async (milliseconds: number): Promise<void> => {
    told.close();
    await worker.close(milliseconds);
    await place.leave();
    await kept.close();
    await fleet.close();
    await Promise.all(engines.map((engine) => engine.close()));
    await page?.stop();
  };
  let going: Promise<void> | undefined;
  const leave = (milliseconds: number): Promise<void> => {
    going ??= go(milliseconds);
    return going;
  };
  return {
    id,
    left: worker.left,
    close: () => leave(config.shutdown_seconds * 1000),
    handBack: async () => {
      await worker.close(0);
      await leave(0);
    },
  };
}

/** @throws EngineError `bad-setting` */
function refuseNoFleet({ fleet }: Config): void {
  if (fleet !== "") return;
  const message =
    "A worker takes its tasks from a fleet, and none is named; --fleet redis://HOST:PORT names its Redis.";
  throw new EngineError("bad-setting", message, { setting: "fleet" });
}

/** Puts a worker on the roll; heads are told at once when it comes, changes and leaves. */
function placeOnRoll(fleet: Fleet, member: () => Member) {
  const presence = fleet.roll.enter(member);
  const { id } = member();
  const note = (change: "came" | "left" | "changed"): void =>
    void fleet.log.append({ taskId: null, type: "member", id, change });
  return {
    tell: async (change: "came" | "changed"): Promise<void> => {
      await presence.update().catch(() => undefined);
      note(change);
    },
    leave: async (): Promise<void> => {
      await presence.leave();
      note("left");
    },
  };
}

/** Its health and its measures over HTTP. @throws EngineError `bad-setting` when the port is taken */
function pageOf({ host, metrics_port, api_keys }: Config, worker: FleetWorker, fleet: Fleet) {
  const engines = () => worker.engines;
  const metrics = workerMetrics(
    { version, runtime: `bun ${Bun.version}` },
    {
      state: () => worker.state,
      engines,
      totals: () => worker.counts.totals,
      reachable: () => fleet.reachable,
    },
  );
  const checks = [
    staysHere(() => worker.isLeaving),
    redisAnswers(fleet),
    someEngineWorks(() => engines().map(({ state }) => state)),
  ];
  return listen(
    workerPage({ metrics, checks, keys: api_keys }),
    host,
    metrics_port,
    "--metrics-port (--host for the address)",
  );
}

/** What the roll says of a worker. */
function asMember(
  id: string,
  { worker, told, watch }: Readonly<{ worker: FleetWorker; told: ToldFiles; watch: PlaceWatch }>,
): () => Member {
  const startedAt = Date.now();
  return () => ({
    id,
    role: "worker",
    host: hostname(),
    version,
    recipeVersion,
    startedAt,
    state: worker.state,
    engines: worker.engines,
    models: told.digest,
    facts: { ...worker.counts.facts, trouble: watch.trouble ?? null },
  });
}

/** Where the pictures of the fleet lie, once a head said it. @throws EngineError as `settledPlace` and `openImages` */
async function openPlace(config: Config, { roll }: Pick<Fleet, "roll">, shelves: Shelves, log: Log) {
  const place = await placeOfHeads(roll, log);
  const settled = await settledPlace(config, place);
  const kept = await openImages(settled, { random: Math.random, gate: shelves.decoding, log });
  const watch = new PlaceWatch(place, config, roll, log);
  return {
    images: withReserve(watch.guarded(kept.images), shelves.disk),
    watch,
    close: async () => {
      watch.close();
      await kept.close();
    },
  };
}

/** Whether a file of that name and size is here. */
function isThere({ catalog }: Pick<Shelves, "catalog">, { kind, name, bytes }: ModelFile): boolean {
  const known = modelKinds.find((one) => one === kind);
  return (
    known !== undefined && catalog.path(known, name) !== undefined && catalog.bytes(known, name) === bytes
  );
}

/** A worker accepts no requests: what belongs to that is never asked of it. */
function makingOf(
  config: Config,
  log: Log,
  parts: Shelves & Pick<Parameters<typeof createMaking>[0], "images" | "engines">,
) {
  return createMaking({
    ...parts,
    config,
    log,
    webhook: () => ({ url: "", checked: Promise.resolve() }),
    askTool: () => Promise.reject(new BugError("A worker was asked as if it were a server.")),
    baseUrl: () => "",
    port: () => 0,
    random: Math.random,
  });
}
