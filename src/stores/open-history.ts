import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "#/config/schema.ts";
import type { Log } from "#/lib/log.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { Ballast } from "./history/ballast.ts";
import { openHistory } from "./history/sqlite.ts";
import type { HistoryStore } from "./history.ts";

/** Which settings say where tasks are kept. */
type HistoryConfig = Pick<Config, "outputs" | "history" | "fleet">;

/**
 * Takes the folder of outputs: a server by itself has it alone; heads share it, but for a history in SQLite.
 *
 * @throws EngineError as {@link lockFolder}
 */
export function lockHistory({ outputs, history, fleet }: HistoryConfig): FolderLock | undefined {
  if (fleet === "") return lockFolder(outputs);
  if (history !== "") return undefined;
  return lockFolder(
    outputs,
    `Another fooocusd keeps its history in the folder ${outputs}, and SQLite serves one alone; start all heads of a fleet with --history postgres://USER@HOST/DATABASE.`,
  );
}

/** Where a history in SQLite is. */
const fileOf = ({ outputs }: HistoryConfig): string => join(outputs, "db.sqlite3");

/** Whether opening the history would make it. */
export const isNewHistory = (config: HistoryConfig): boolean =>
  config.history === "" && !existsSync(fileOf(config));

/**
 * The history that the settings name; what only a Postgres needs is loaded with one.
 *
 * @throws EngineError `bad-setting`, or one of a store
 */
export async function openHistoryOf(
  config: HistoryConfig,
  lock: FolderLock | undefined,
  log: Log,
): Promise<HistoryStore> {
  const { history, outputs } = config;
  if (history !== "") return (await import("./postgres/postgres.ts")).openPostgresHistory(history, { log });
  return openHistory(fileOf(config), {
    log,
    ...(lock === undefined ? {} : { claim: lock.renew }),
    ballast: new Ballast(join(outputs, ".ballast")),
  });
}
