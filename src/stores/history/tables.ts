import { blob, index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { doorColumns, referenceDoor } from "./migrations/005-doors.ts";
import { keptRecipes } from "./migrations/006-kept-recipes.ts";
import { requestKeys } from "./migrations/007-request-keys.ts";
import { filesOfRows } from "./migrations/008-files.ts";
import { gallery } from "./migrations/009-gallery.ts";
import { makings as makingsTable } from "./migrations/010-makings.ts";

/** The reference's table, column for column, so that either program opens the other's file. */
export const generateRecord = sqliteTable(
  "generate_record",
  {
    id: integer("id").primaryKey(),
    task_id: text("task_id").notNull(),
    req_params: text("req_params").notNull(),
    in_queue_mills: integer("in_queue_mills"),
    start_mills: integer("start_mills"),
    finish_mills: integer("finish_mills"),
    task_status: text("task_status"),
    progress: real("progress"),
    webhook_url: text("webhook_url"),
    result: text("result"),
  },
  (table) => [index("ix_generate_record_id").on(table.id)],
);

/** What we know of a task beyond the reference's columns. */
export const taskExtra = sqliteTable("fooocusd_task", {
  task_id: text("task_id").primaryKey(),
  /** How often it was started; 2 after a crash in the middle. */
  attempt: integer("attempt").notNull().default(0),
  label: text("label"),
  /** Place in the queue, once somebody moved something in it. */
  rank: integer("rank"),
  /** JSON of the images saved so far. */
  images: text("images").notNull().default("[]"),
  /** JSON of the error it failed with. */
  error: text("error"),
  /** Name of the door it came in by, and the door's own word. */
  door: text("door").notNull().default(referenceDoor),
  door_word: text("door_word").notNull().default(""),
  /** JSON of what its client was told. */
  warnings: text("warnings").notNull().default("[]"),
  /** 1 for a task that was running and was asked to stop: whoever stopped it does not want it back. */
  stopping: integer("stopping").notNull().default(0),
});

/**
 * What a task that has not ended is to become, as `recipe/kept-recipe.ts` writes it. In a table of its own: it may be
 * megabytes, which neither lists need to read nor every small change of a row to write again.
 */
export const recipes = sqliteTable("fooocusd_recipe", {
  task_id: text("task_id").primaryKey(),
  recipe: text("recipe").notNull(),
});

/**
 * The keys that clients gave with their requests (`Idempotency-Key`). They outlive their tasks: who asks again for what was
 * deleted is told so, and gets no second one.
 */
export const keys = sqliteTable("fooocusd_key", {
  key: text("key").primaryKey(),
  task_id: text("task_id").notNull(),
  /** What was asked for under it: another body is refused. */
  fingerprint: text("fingerprint").notNull(),
  /** JSON of what the first answer told; the task may have been told more since. */
  warnings: text("warnings").notNull(),
  kept_at: integer("kept_at").notNull(),
});

/** Tasks that somebody wants to keep. What is searched for has tables that SQLite alone reads: `search-index.ts`. */
export const stars = sqliteTable("fooocusd_star", { task_id: text("task_id").primaryKey() });

/** What the pictures of a task that has ended were made of, as JSON packed by zstd. */
export const makings = sqliteTable("fooocusd_making", {
  task_id: text("task_id").primaryKey(),
  making: blob("making", { mode: "buffer" }).notNull(),
});

/** Numbers that must never go back, by name: the sequence of live events. */
export const counters = sqliteTable("fooocusd_counter", {
  name: text("name").primaryKey(),
  value: integer("value").notNull(),
});

/** Webhooks that were not delivered yet. */
export const outbox = sqliteTable("fooocusd_webhook", {
  id: text("id").primaryKey(),
  url: text("url").notNull(),
  body: text("body").notNull(),
  attempts: integer("attempts").notNull().default(0),
  next_at: integer("next_at").notNull(),
});

/** Which kept inputs the rows name. */
export const inputNames = sqliteTable(
  "fooocusd_input",
  { name: text("name").notNull(), task_id: text("task_id").notNull() },
  ({ name, task_id }) => [primaryKey({ columns: [name, task_id] })],
);

/** Files that no row names any more and that are still there, and since when (milliseconds since 1970). */
export const unwantedFiles = sqliteTable(
  "fooocusd_unwanted",
  {
    /** `output` or `input`. */
    kind: text("kind").notNull(),
    /** Empty for an input. */
    folder: text("folder").notNull(),
    name: text("name").notNull(),
    at: integer("at").notNull(),
  },
  ({ kind, folder, name }) => [primaryKey({ columns: [kind, folder, name] })],
);

/**
 * Statements that bring a file from each version to the next; the version is SQLite's `user_version`. A file of the
 * reference has version 0 and its own table already.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS generate_record (
      id INTEGER NOT NULL PRIMARY KEY,
      task_id VARCHAR(255) NOT NULL,
      req_params JSON NOT NULL,
      in_queue_mills INTEGER,
      start_mills INTEGER,
      finish_mills INTEGER,
      task_status VARCHAR(255),
      progress FLOAT,
      webhook_url VARCHAR(255),
      result JSON
    )`,
    "CREATE INDEX IF NOT EXISTS ix_generate_record_id ON generate_record (id)",
    "CREATE INDEX IF NOT EXISTS ix_fooocusd_record_task ON generate_record (task_id)",
    "CREATE INDEX IF NOT EXISTS ix_fooocusd_record_queued ON generate_record (in_queue_mills)",
    `CREATE TABLE fooocusd_task (
      task_id TEXT NOT NULL PRIMARY KEY,
      attempt INTEGER NOT NULL DEFAULT 0,
      label TEXT,
      rank INTEGER,
      images TEXT NOT NULL DEFAULT '[]',
      error TEXT
    )`,
    "CREATE TABLE fooocusd_counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)",
    `CREATE TABLE fooocusd_webhook (
      id TEXT NOT NULL PRIMARY KEY,
      url TEXT NOT NULL,
      body TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      next_at INTEGER NOT NULL
    )`,
  ],
  ["ALTER TABLE fooocusd_task ADD COLUMN legacy_job TEXT"],
  ["ALTER TABLE fooocusd_task ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'"],
  // How many tasks have ended is asked for often; requests are long, and a count that reads them all takes its time.
  ["CREATE INDEX IF NOT EXISTS ix_fooocusd_record_status ON generate_record (task_status)"],
  doorColumns,
  keptRecipes,
  requestKeys,
  filesOfRows,
  gallery,
  makingsTable,
];
