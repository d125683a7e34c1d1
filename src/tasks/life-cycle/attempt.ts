import type { GenerateParams } from "#/api/generate.ts";
import { fromStored } from "#/api/stored.ts";
import type { Engine } from "#/engine/engine.ts";
import { toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { isBusy } from "#/stores/history/failures.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { End } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { LiveTask } from "./live-tasks.ts";
import { noteSentence } from "./note-sentence.ts";
import type { TaskRun } from "./run.ts";
import { slotAfter } from "./slot-after.ts";
import type { SlotEnd } from "./slot-pool.ts";
import type { Task } from "./task.ts";

/** What an attempt at a task works with. */
export type AttemptParts = Readonly<{
  history: Pick<HistoryStore, "started" | "warned" | "recipe" | "keepMaking">;
  events: Pick<EventLog, "addTask">;
  writer: Pick<HistoryWriter, "keep" | "now">;
  /**
   * What to make: the recipe that was kept when the task was accepted, or, where there is none, what its request means
   * in the world as it is now; throws RequestError, ModelError for a file that cannot be used.
   */
  resolve: (params: GenerateParams, kept: string | undefined) => Promise<Resolved>;
  /** What an engine makes the pictures of, written once they are, with their expanded prompts by their places. */
  madeOf: (
    resolved: Resolved,
    engine: Engine,
  ) => Promise<(expansions: ReadonlyMap<number, string>) => string>;
  log: Log;
}>;

/** A run in its slot. */
export type RunAtHand = Readonly<{
  run: TaskRun;
  /** That of the slot. */
  engine: Engine;
  /** It was asked to stop: it ends as stopped, whatever keeps it from ending by itself. */
  stopping: boolean;
}>;

/** How an attempt ended: nothing for a task that was abandoned. `task` has what its client must be told by now. */
export type Attempted = Readonly<{ task: Task; end: End | undefined; slot: SlotEnd }>;

/**
 * Makes a task's pictures. Never throws: what cannot be made ends as failed.
 *
 * @param parts.warn hears the sentences that are new since the task was accepted, with all others
 */
export async function attempt(
  atHand: RunAtHand,
  { task: accepted, attempts }: LiveTask,
  parts: AttemptParts & Readonly<{ warn: (id: TaskId, warnings: readonly string[]) => void }>,
): Promise<Attempted> {
  const { id } = accepted;
  const { run, engine } = atHand;
  const { history, events, writer, resolve, warn } = parts;
  let task = accepted;
  try {
    // A disk that takes no row takes no picture either.
    writer.keep(id, () => history.started(id, attempts + 1), isBusy);
    events.addTask(id, { type: "started", attempt: attempts + 1 });
    const params = fromStored(task.request);
    const kept = keptRecipe(id, parts);
    const recipe = kept instanceof Promise ? await kept : kept;
    const resolved = atHand.stopping ? undefined : await resolve(params, recipe);
    // The engine has not heard of it yet, so it could not hear of a stop.
    if (atHand.stopping || resolved === undefined) return { task, end: run.stopped(), slot: "idle" };
    const tell = (said: readonly string[]): void => {
      const added = said.filter((text) => !task.warnings.includes(text));
      if (added.length === 0) return;
      task = { ...task, warnings: [...task.warnings, ...added] };
      history.warned(id, task.warnings);
      warn(id, task.warnings);
    };
    // What is otherwise by now and was not when the task was accepted: files come, go and change while it waits.
    tell(resolved.warnings);
    const making = parts.madeOf(resolved, engine).catch((thrown: unknown) => {
      // A picture is worth more than what is known of it.
      parts.log.warn("what pictures are made of is not known", { task: id, error: String(thrown) });
      return undefined;
    });
    const end = await run.make(params, resolved, (note) => tell([noteSentence(note)]));
    // It works on at what nobody waits for.
    if (end === undefined || run.abandoned) return { task, end: undefined, slot: "broken" };
    const made = end.images.length === 0 ? undefined : await making;
    if (made !== undefined) {
      const text = made(run.expansions);
      writer.keep(id, () => history.keepMaking(id, text));
    }
    return { task, end, slot: slotAfter(end.error, engine) };
  } catch (thrown) {
    if (run.abandoned) return { task, end: undefined, slot: "broken" };
    return { task, end: run.failed(thrown), slot: slotAfter(toWireError(thrown), engine) };
  }
}

/** A history that another program locks is waited for, and only then: a task that can begin begins at once. */
function keptRecipe(
  id: TaskId,
  { history, writer }: AttemptParts,
): string | undefined | Promise<string | undefined> {
  try {
    return history.recipe(id);
  } catch (thrown) {
    if (!isBusy(thrown)) throw thrown;
    return writer.now(() => history.recipe(id));
  }
}
