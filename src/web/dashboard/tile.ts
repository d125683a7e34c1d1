import { localUrl } from "./local-url.ts";
import { isObject } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** One tile: a picture of a task, or a task that has none. Its key stays the same when others come before it. */
export type Tile = Readonly<{
  key: string;
  record: TaskRecord;
  /** Where this page finds it, and what the server calls it. */
  url: string | undefined;
  address: string | undefined;
}>;

/**
 * What was made last: of the newest task that has a picture or failed, the last picture.
 *
 * @param history newest task first
 */
export function lastTile(history: readonly TaskRecord[]): Tile | undefined {
  for (const record of history) {
    const addresses = record.result ?? [];
    const address = addresses.at(-1);
    const key = `${record.task_id}/${Math.max(0, addresses.length - 1)}`;
    if (address !== undefined) return { key, record, url: localUrl(address), address };
    if (record.task_status === "failed") return { key, record, url: undefined, address };
  }
  return undefined;
}

/** Why a task failed, in the server's words; empty for one that did not. */
export function failureOf({ error }: TaskRecord): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : "";
}
