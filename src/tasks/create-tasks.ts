import type { GenerateParams } from "#/api/generate.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import type { Config } from "#/config/schema.ts";
import type { Engine } from "#/engine/engine.ts";
import { isNothing } from "#/lib/nothing.ts";
import type { Signed } from "#/recipe/resolve.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { createMaking, type MakingDependencies } from "./create-making.ts";
import { type WebhookOutcome, Webhooks } from "./delivery/webhook.ts";
import { webhookAddress } from "./delivery/webhook-address.ts";
import type { Intake, IntakeConfig } from "./intake/create-intake.ts";
import type { Tools } from "./intake/tools.ts";
import { createLifeCycle, type Elsewhere } from "./life-cycle/create-life-cycle.ts";
import type { Doors } from "./life-cycle/door.ts";
import type { Tasks } from "./life-cycle/tasks.ts";
import { ToolRuns } from "./life-cycle/tool-runs.ts";
import type { TextParts } from "./picture-texts/create-texts.ts";

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
export type TaskDependencies = Omit<MakingDependencies, "config" | "webhook" | "askTool"> &
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
    /** What runs the tasks elsewhere, by what this server writes into pictures; when left out, its own engines make them. */
    head?: (signed: Signed) => Elsewhere;
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
  const { config, clock: now, head } = parts;
  const rules = webhookOptions(config);
  const webhook = (said: string | null) => webhookAddress(said, rules);
  const queueLimit = config.queue_limit;
  const keyLife = config.idempotency_hours * 3_600_000;
  const toolRuns = new ToolRuns(queueLimit);
  const askTool: MakingDependencies["askTool"] = (...question) =>
    elsewhere === undefined ? toolRuns.ask(...question) : elsewhere.askTool(...question);
  const { take, resolve, loadInputs, tools, choices, textOf, signed, defaults, madeOf } = createMaking({
    ...parts,
    webhook,
    askTool,
  });
  const counted = parts.countWebhook === undefined ? rules : { ...rules, told: parts.countWebhook };
  const announcer = new Webhooks(parts.history, counted, now, parts.log);
  const closeDelivery = (): Promise<void> => announcer.close();
  const made = { announcer, toolRuns, closeDelivery, take, resolve, loadInputs, textOf, madeOf };
  const { keep_days: days, keep_tasks: most, keep_pictures_bytes: pictureBytes } = config;
  const limits = { days, tasks: most, pictureBytes };
  const passingLimit = config.passing_seconds * 1000;
  const elsewhere = head?.(signed);
  const times = { now, passingLimit, keyLife };
  const tasks = await createLifeCycle({ ...parts, ...made, ...elsewhere, ...times, limits, queueLimit });
  announcer.wake();
  return { tasks, tools, choices, defaults: () => defaults() };
}

/** Whom requests may have called; the operator's own address is no stranger. */
const webhookOptions = (config: DeliveryConfig) => ({
  secret: config.webhook_secret,
  allowPrivate: config.allow_private_fetch,
  own: isNothing(config.webhook_url) ? "" : config.webhook_url,
});
