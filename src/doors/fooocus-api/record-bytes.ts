import { writeJson } from "#/api/json.ts";
import { type Addresses, taskFor } from "#/routes/answers/addresses.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { storedRecord } from "./record.ts";

/** Names of the server whose clients' records are kept written; each is another text. */
const mostBases = 2;

/** The records of a task as it was when they were written, by the start of their addresses. */
type Written = Readonly<{ of: Task; texts: Map<string, Uint8Array> }>;

/** Writes records of tasks for clients. */
export type RecordBytes = (task: Task, addresses: Addresses) => Uint8Array;

/**
 * Records of tasks that do not run, as JSON in UTF-8, written once for as long as the task is what it was: a list of tasks that
 * have ended is put together of them. They go with the request that the task holds.
 */
export function recordBytes(): RecordBytes {
  const written = new WeakMap<Task["request"], Written>();
  return (task, addresses) => {
    const known = written.get(task.request);
    const texts = known !== undefined && isSame(known.of, task) ? known.texts : new Map<string, Uint8Array>();
    const kept = texts.get(addresses.base);
    if (kept !== undefined) return kept;
    const bytes = new TextEncoder().encode(writeJson(storedRecord(taskFor(task, addresses))));
    for (const base of texts.keys()) if (texts.size >= mostBases) texts.delete(base);
    texts.set(addresses.base, bytes);
    written.set(task.request, { of: task, texts });
    return bytes;
  };
}

/** Whether all that a record tells is the same; the place of a waiting task is no part of it. */
function isSame(one: Task, other: Task): boolean {
  const isSameState =
    one.state === other.state || (one.state.status === "pending" && other.state.status === "pending");
  const { state: _, ...rest } = one;
  return (
    isSameState && Object.entries(rest).every(([name, value]) => Object.is(other[name as keyof Task], value))
  );
}
