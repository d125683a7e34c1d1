import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { Catalog } from "#/catalog/catalog.ts";
import { Examiner } from "#/catalog/examine.ts";
import { ModelHashes } from "#/catalog/hashes.ts";
import { type DoorConfig, doorTable } from "#/doors/table.ts";
import type { Engine } from "#/engine/engine.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { type Log, silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { FrontDoors } from "#/routes/door.ts";
import { DiskReserve, withReserve } from "#/stores/disk-reserve.ts";
import { Ballast } from "#/stores/history/ballast.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { createTasks, type TaskConfig, type TaskDependencies } from "#/tasks/create-tasks.ts";
import type { GenerationAssets, Intake } from "#/tasks/intake/create-intake.ts";
import type { Tools } from "#/tasks/intake/tools.ts";
import type { TaskEvent } from "#/tasks/life-cycle/events.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { writeTinyCheckpoint, writeTinyLora, writeTinyVae } from "./tiny-models.ts";

/** The tasks with everything real around them but the engine, in a folder of their own. */
export type TaskBench = Readonly<{
  folder: string;
  tasks: Tasks;
  tools: Tools;
  choices: Intake["choices"];
  /** The values of a request that says nothing. */
  defaults: () => GenerateParams;
  history: HistoryStore;
  /** Ends as a crash does: nothing is closed properly, nothing that still runs can write. */
  crash: () => void;
  close: () => Promise<void>;
}>;

export type BenchOptions = Readonly<{
  engine?: Engine;
  /** Several, instead of one. */
  engines?: readonly Engine[];
  decoding?: DecodeGate;
  folder?: string;
  outputs?: string;
  config?: Partial<TaskConfig & DoorConfig>;
  assets?: Partial<GenerationAssets>;
  /** Instead of those there are. */
  doors?: FrontDoors;
  log?: Log;
  /** Where the routes listen, for a bench that is served. */
  port?: () => number;
  /** Bytes that stay free on the disk. */
  reserve?: number;
  /** Whether room is kept for deletions on a full disk, as a server does. */
  ballast?: boolean;
  /** Milliseconds since 1970. */
  clock?: () => number;
  countWebhook?: TaskDependencies["countWebhook"];
  /** Stands before the history that the tasks use. */
  history?: (file: HistoryStore) => HistoryStore;
}>;

/** A folder with the models that requests of tests name. */
export function benchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-tasks-"));
  for (const name of ["checkpoints/base.safetensors", "loras/sdxl_lightning_4step_lora.safetensors"])
    putModel(folder, name);
  return folder;
}

/**
 * Puts a small real file into a bench's models folder.
 *
 * @param name with its kind's folder: `checkpoints/x.safetensors`, `loras/x.safetensors`, `vae/x.safetensors`
 */
export function putModel(folder: string, name: string): string {
  const path = join(folder, "models", name);
  mkdirSync(dirname(path), { recursive: true });
  if (name.startsWith("loras/")) return writeTinyLora(path);
  return name.startsWith("vae/") ? writeTinyVae(path) : writeTinyCheckpoint(path);
}

/** The doors of a bench, for its tasks and its routes. */
export const benchDoors = (
  { config }: Pick<BenchOptions, "config"> = {},
  limits?: Parameters<typeof doorTable>[1],
): FrontDoors => doorTable({ webhook_text: false, persistent: false, ...config }, limits);

export async function openBench(options: BenchOptions = {}): Promise<TaskBench> {
  const folder = options.folder ?? benchFolder();
  const outputs = options.outputs ?? join(folder, "outputs");
  const port = options.port ?? (() => 7866);
  const file = openHistory(
    join(outputs, "db.sqlite3"),
    options.ballast === true ? { ballast: new Ballast(join(outputs, ".ballast")) } : {},
  );
  const history = options.history?.(file) ?? file;
  const disk = new DiskReserve({ outputs, inputs: join(folder, "inputs"), reserve: options.reserve ?? 0 });
  const { tasks, tools, choices, defaults } = await createTasks({
    config: {
      host: "127.0.0.1",
      also_port: 0,
      preset: "default",
      precision: "full",
      fooocusKeys: { file: {}, environment: {} },
      noise: "gpu",
      upscaler: "",
      upscale_without_model: "refuse",
      queue_limit: 100,
      passing_seconds: 60,
      keep_days: 0,
      keep_tasks: 0,
      keep_pictures_bytes: 0,
      idempotency_hours: 24,
      webhook_url: "",
      webhook_secret: "",
      allow_private_fetch: true,
      disable_metadata: false,
      created_by: "",
      ...options.config,
    },
    history,
    disk,
    images: withReserve(folderImages(outputs, join(folder, "inputs"), Math.random), disk),
    catalog: new Catalog([join(folder, "models")]),
    examiner: new Examiner(),
    hashes: new ModelHashes(join(folder, "hashes.json")),
    engines: options.engines ?? [options.engine ?? new ScriptedEngine()],
    decoding: options.decoding ?? new DecodeGate(),
    assets: {
      presets: new Map([["default", { default_model: "base.safetensors" }]]),
      styles: [],
      wildcards: () => undefined,
      wildcardNames: () => [],
      ...options.assets,
    },
    log: options.log ?? silentLog,
    baseUrl: () => `http://127.0.0.1:${port()}`,
    port,
    doors: options.doors ?? benchDoors(options),
    clock: options.clock ?? Date.now,
    random: Math.random,
    ...(options.countWebhook === undefined ? {} : { countWebhook: options.countWebhook }),
  });
  return {
    folder,
    tasks,
    tools,
    choices,
    defaults,
    history,
    crash: () => void history.close(),
    close: async () => {
      await tasks.close(1000);
      await history.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A small request: four steps, 64 x 64, no styles. */
export const small: GenerateRequest = {
  prompt: "a circle",
  style_selections: [],
  overwrite_step: 4,
  overwrite_width: 64,
  overwrite_height: 64,
  image_seed: 7n,
};

/** Everything a task tells until it is settled. */
export async function storyOf(tasks: Tasks, id: TaskId): Promise<readonly TaskEvent[]> {
  const story: TaskEvent[] = [];
  for await (const event of tasks.watch(id, AbortSignal.timeout(120_000))) {
    if (event.taskId !== null) story.push(event);
  }
  return story;
}
