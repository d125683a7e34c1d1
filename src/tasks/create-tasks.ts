import type { GenerateParams } from "#/api/generate.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import type { Config } from "#/config/schema.ts";
import type { Engine } from "#/engine/engine.ts";
import { isNothing } from "#/lib/nothing.ts";
import type { FindFile } from "#/recipe/files-of.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { type WebhookOutcome, Webhooks } from "./delivery/webhook.ts";
import { webhookAddress } from "./delivery/webhook-address.ts";
import {
  createIntake,
  defaultsOf,
  type Intake,
  type IntakeConfig,
  type IntakeParts,
} from "./intake/create-intake.ts";
import type { Tools } from "./intake/tools.ts";
import { createLifeCycle } from "./life-cycle/create-life-cycle.ts";
import type { Doors } from "./life-cycle/door.ts";
import type { OpenRunner } from "./life-cycle/runner.ts";
import type { Tasks } from "./life-cycle/tasks.ts";
import { ToolRuns } from "./life-cycle/tool-runs.ts";
import { madeOf } from "./making/made-of.ts";
import { createTexts, type TextParts } from "./picture-texts/create-texts.ts";

/** What `createTasks` reads of the configuration. */
export type TaskConfig = IntakeConfig &
  TextParts["config"] &
  DeliveryConfig &
  Pick<
    Config,
    | "queue_limit"
    | "passing_seconds"
    | "idempotency_hours"
    | "keep_days"
    | "keep_tasks"
    | "keep_pictures_bytes"
  >;

type DeliveryConfig = Pick<Config, "webhook_url" | "webhook_secret" | "allow_private_fetch">;

/** What is there before there are tasks; each of their subjects is given what it uses. */
export type TaskDependencies = Omit<IntakeParts, "config" | "webhook" | "roomFor" | "askTool" | "device"> &
  Readonly<{
    config: TaskConfig;
    history: HistoryStore;
    disk: Pick<DiskReserve, "require" | "shortage">;
    hashes: ModelHashes;
    /** One task runs on each at a time. */
    engines: readonly Engine[];
    /** The APIs by which tasks come in. */
    doors: Doors;
    /** Milliseconds since 1970. */
    clock: () => number;
    /** What runs the tasks; when left out, the engines of this server do. */
    openRunner?: OpenRunner;
    /** Is told what became of each post to a webhook. */
    countWebhook?: (outcome: WebhookOutcome) => void;
  }>;

/** The tasks, and what else follows from the same parts. */
export type CreatedTasks = Readonly<{
  tasks: Tasks;
  tools: Tools;
  choices: Intake["choices"];
  /** The server's values for what a request does not say, in the world as it is now. */
  defaults: () => GenerateParams;
}>;

/**
 * Puts the tasks together. They take up what the last process left unfinished at once.
 *
 * @throws EngineError `storage-failed` where that cannot be read
 */
export async function createTasks(parts: TaskDependencies): Promise<CreatedTasks> {
  const { config, catalog, hashes, clock: now } = parts;
  const defaults = defaultsOf(parts);
  const defaultAdaptiveCfg = defaults().adaptive_cfg;
  const { textOf, roomFor, signed } = createTexts({ config, catalog, hashes, defaultAdaptiveCfg });
  const rules = webhookOptions(config);
  const webhook = (said: string | null) => webhookAddress(said, rules);
  const queueLimit = config.queue_limit;
  const keyLife = config.idempotency_hours * 3_600_000;
  const device = (): string => parts.engines[0]?.state.device ?? "";
  const find: FindFile = (kind, name) => catalog.path(kind, name);
  const making = (resolved: Resolved, engine: Engine) =>
    madeOf(resolved, { find, hashes, signed, device: () => engine.state.device ?? "" });
  const toolRuns = new ToolRuns(queueLimit);
  const askTool: IntakeParts["askTool"] = (tool, picture, signal) => toolRuns.ask(tool, picture, signal);
  const { take, resolve, loadInputs, tools, choices } = createIntake({
    ...parts,
    webhook,
    roomFor,
    askTool,
    device,
  });
  const counted = parts.countWebhook === undefined ? rules : { ...rules, told: parts.countWebhook };
  const announcer = new Webhooks(parts.history, counted, now, parts.log);
  const closeDelivery = (): Promise<void> => announcer.close();
  const made = { announcer, toolRuns, closeDelivery, take, resolve, loadInputs, textOf, madeOf: making };
  const { keep_days: days, keep_tasks: most, keep_pictures_bytes: pictureBytes } = config;
  const limits = { days, tasks: most, pictureBytes };
  const passingLimit = config.passing_seconds * 1000;
  const tasks = await createLifeCycle({ ...parts, limits, ...made, now, queueLimit, passingLimit, keyLife });
  announcer.wake();
  return { tasks, tools, choices, defaults: () => defaults() };
}

/** Whom requests may have called; the operator's own address is no stranger. */
const webhookOptions = (config: DeliveryConfig) => ({
  secret: config.webhook_secret,
  allowPrivate: config.allow_private_fetch,
  own: isNothing(config.webhook_url) ? "" : config.webhook_url,
});
