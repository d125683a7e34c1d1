import { bigint, customType, doublePrecision, integer, pgSchema, primaryKey } from "drizzle-orm/pg-core";
import { escaped, unescaped } from "./escaped.ts";

/** All tables are in a schema of their own: the database may have others in it. */
export const schemaName = "fooocusd";

const ours = pgSchema(schemaName);

/** Any text, also such as Postgres' own type refuses. */
const text = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  toDriver: escaped,
  fromDriver: unescaped,
});

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => "bytea" });

/** Words of a prompt with their places, as `words.ts` writes them. */
const tsvector = customType<{ data: string; driverData: string }>({ dataType: () => "tsvector" });

/** Numbers up to 2^53: milliseconds since 1970, numbers of rows. */
const number = (name: string) => bigint(name, { mode: "number" });

/** A task, with the columns that SQLite keeps in `generate_record` and `fooocusd_task`. */
export const tasks = ours.table("task", {
  id: number("id").generatedByDefaultAsIdentity().primaryKey(),
  task_id: text("task_id").notNull(),
  /** JSON as a text: `jsonb` knows no NUL, and would write numbers its own way. */
  req_params: text("req_params").notNull(),
  in_queue_mills: number("in_queue_mills"),
  start_mills: number("start_mills"),
  finish_mills: number("finish_mills"),
  task_status: text("task_status"),
  progress: doublePrecision("progress"),
  webhook_url: text("webhook_url"),
  result: text("result"),
  attempt: integer("attempt").notNull(),
  label: text("label"),
  rank: integer("rank"),
  images: text("images").notNull(),
  error: text("error"),
  door: text("door").notNull(),
  door_word: text("door_word").notNull(),
  warnings: text("warnings").notNull(),
  stopping: integer("stopping").notNull(),
});

/** How many tasks have ended and are still there, in one row: whoever ends, removes or takes over some counts. */
export const settled = ours.table("settled", { tasks: number("tasks").notNull() });

/** What tasks that have not ended are to become. Goes with its task, like all that names one by a foreign key. */
export const recipes = ours.table("recipe", {
  task_id: text("task_id").primaryKey(),
  recipe: text("recipe").notNull(),
});

/** What pictures were made of, packed by zstd. */
export const makings = ours.table("making", {
  task_id: text("task_id").primaryKey(),
  making: bytea("making").notNull(),
});

export const stars = ours.table("star", { task_id: text("task_id").primaryKey() });

/** Keys of requests; they outlive their tasks. */
export const keys = ours.table("key", {
  key: text("key").primaryKey(),
  task_id: text("task_id").notNull(),
  fingerprint: text("fingerprint").notNull(),
  warnings: text("warnings").notNull(),
  kept_at: number("kept_at").notNull(),
});

export const counters = ours.table("counter", {
  name: text("name").primaryKey(),
  value: number("value").notNull(),
});

/** Webhooks that were not delivered yet. `place` is their order of arrival. */
export const outbox = ours.table("webhook", {
  place: number("place").generatedByDefaultAsIdentity(),
  id: text("id").primaryKey(),
  url: text("url").notNull(),
  body: text("body").notNull(),
  attempts: integer("attempts").notNull(),
  next_at: number("next_at").notNull(),
  /** Which server posts it, and until when by the database's clock, milliseconds since 1970. */
  held_by: text("held_by"),
  held_until: number("held_until"),
});

/** Which kept inputs the rows name. */
export const inputNames = ours.table(
  "input",
  { name: text("name").notNull(), task_id: text("task_id").notNull() },
  ({ name, task_id }) => [primaryKey({ columns: [name, task_id] })],
);

/** Files that no row names any more and that are still there. */
export const unwantedFiles = ours.table(
  "unwanted",
  {
    kind: text("kind").notNull(),
    folder: text("folder").notNull(),
    name: text("name").notNull(),
    at: number("at").notNull(),
  },
  ({ kind, folder, name }) => [primaryKey({ columns: [kind, folder, name] })],
);

/** What of a task is searched for. */
export const searchedTexts = ours.table("searched", {
  record: number("record").primaryKey(),
  /** The prompt, for signs that are no words. */
  prompt: text("prompt").notNull(),
  words: tsvector("words").notNull(),
});

/** The models and styles that requests name. */
export const named = ours.table(
  "named",
  { kind: text("kind").notNull(), name: text("name").notNull(), record: number("record").notNull() },
  ({ kind, name, record }) => [primaryKey({ columns: [kind, name, record] })],
);
