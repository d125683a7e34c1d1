import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { loadConfig } from "#/config/load.ts";
import { EngineError } from "#/lib/errors.ts";
import { lockFolder } from "#/stores/folder-lock.ts";
import { shownSetting } from "#/stores/postgres/address.ts";
import { lookAtPostgres } from "#/stores/postgres/look.ts";
import { takeOver } from "#/stores/postgres/take-over.ts";
import type { Ending, Given } from "../invocation.ts";
import { leaveWhenInterrupted } from "../when-interrupted.ts";

/**
 * Takes our own history in SQLite over into the Postgres of the settings. What is there already stays, so that it may be run
 * again, also where it was interrupted.
 *
 * @returns 0 when all was taken, 1 when rows could not be
 * @throws EngineError `bad-setting`, `storage-failed`
 */
export async function migrateHistory({ flags, env, options }: Given): Promise<Ending> {
  const file = String(options["sqlite"]);
  const { config } = loadConfig({ flags, env });
  refuse(file, config.history, options);
  leaveWhenInterrupted();
  if (options["dryRun"] === true) {
    console.log(`${await lookAtPostgres(config.history)} can be written; nothing was (--dry-run).`);
    return 0;
  }
  // A server would go on writing into the file that is left behind.
  const lock = lockFolder(dirname(file));
  try {
    let told = 0;
    const { written, there, left } = await takeOver(file, config.history, (done, all) => {
      if (options["json"] === true || (done < all && done - told < 5000)) return;
      told = done;
      console.log(`${done} of ${all} tasks are looked at`);
    });
    const report = { written, there, left };
    if (options["json"] === true) console.log(JSON.stringify(report, undefined, 2));
    else tell(report, file, config.history);
    return left.length === 0 ? 0 : 1;
  } finally {
    lock.release();
  }
}

function tell(
  { written, there, left }: Readonly<{ written: number; there: number; left: readonly number[] }>,
  file: string,
  history: string,
): void {
  console.log(`${written} tasks were taken into ${shownSetting(history)}; ${there} were there already.`);
  if (left.length > 0)
    console.log(`Left, since they have no name that a task can have: rows ${left.slice(0, 20).join(", ")}.`);
  console.log(`Keep ${file} until you have seen that all is well; pictures stay where they are.`);
}

/** @throws EngineError `bad-setting` */
function refuse(file: string, history: string, options: Given["options"]): void {
  const fault = (message: string): never => {
    throw new EngineError("bad-setting", message);
  };
  if (history === "")
    return fault("migrate --sqlite takes --history postgres://…: where the history is taken to.");
  if (typeof options["fooocusapi"] === "string")
    return fault("migrate takes one thing at a time: --sqlite or --fooocusapi.");
  if (!existsSync(file)) return fault(`There is no file ${file}.`);
}
