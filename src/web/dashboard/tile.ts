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

/** All pictures of the records, newest task first. */
export function tilesOf(history: readonly TaskRecord[]): readonly Tile[] {
  return history.flatMap((record): readonly Tile[] => {
    const urls = record.result ?? [];
    const key = (index: number) => `${record.task_id}/${index}`;
    if (urls.length > 0)
      return urls.map((address, index) => ({ key: key(index), record, url: localUrl(address), address }));
    return record.task_status === "failed"
      ? [{ key: key(0), record, url: undefined, address: undefined }]
      : [];
  });
}

/** Why a task failed, in the server's words; empty for one that did not. */
export function failureOf({ error }: TaskRecord): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : "";
}
