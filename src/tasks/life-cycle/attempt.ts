import type { GenerateParams } from "#/api/generate.ts";
import { fromStored } from "#/api/stored.ts";
import type { Engine } from "#/engine/engine.ts";
import { toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { End } from "./endings.ts";
import type { TaskHappening } from "./events.ts";
import type { LiveTask } from "./live-tasks.ts";
import { noteSentence } from "./note-sentence.ts";
import type { TaskRun } from "./run.ts";
import { slotAfter } from "./slot-after.ts";
import type { SlotEnd } from "./slot-pool.ts";
import type { Task } from "./task.ts";

/** What an attempt at a task works with; it needs to know of no history. Each promise is waited for. */
export type AttemptParts = Readonly<{
  /** Writes down that the attempt begins; a failure ends it. */
  started: (attempt: number) => Promise<void>;
  /** The recipe that was kept when the task was accepted, if one was. */
  recipe: () => Promise<string | undefined>;
  /** Keeps sentences that are new since the task was accepted, with all others; a failure ends the attempt. */
  warned: (warnings: readonly string[]) => Promise<void>;
  /** Keeps what its pictures were made of; never rejected. */
  keepMaking: (making: string) => Promise<void>;
  tell: (happening: TaskHappening) => void;
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

/** Makes a task's pictures. Never throws: what cannot be made ends as failed. */
export async function attempt(
  atHand: RunAtHand,
  { task: accepted, attempts }: LiveTask,
  parts: AttemptParts,
): Promise<Attempted> {
  const { id } = accepted;
  const { run, engine } = atHand;
  let task = accepted;
  const tell = async (said: readonly string[]): Promise<void> => {
    const added = said.filter((text) => !task.warnings.includes(text));
    if (added.length === 0) return;
    task = { ...task, warnings: [...task.warnings, ...added] };
    await parts.warned(task.warnings);
  };
  try {
    await parts.started(attempts + 1);
    parts.tell({ type: "started", attempt: attempts + 1 });
    const params = fromStored(task.request);
    const recipe = await parts.recipe();
    const resolved = atHand.stopping ? undefined : await parts.resolve(params, recipe);
    if (run.abandoned) return { task, end: undefined, slot: "idle" };
    // The engine has not heard of it yet, so it could not hear of a stop.
    if (atHand.stopping || resolved === undefined) return { task, end: run.stopped(), slot: "idle" };
    // What is otherwise by now and was not when the task was accepted: files come, go and change while it waits.
    await tell(resolved.warnings);
    const making = parts.madeOf(resolved, engine).catch((thrown: unknown) => {
      // A picture is worth more than what is known of it.
      parts.log.warn("what pictures are made of is not known", { task: id, error: String(thrown) });
      return undefined;
    });
    const end = await run.make(params, resolved, (note) => tell([noteSentence(note)]));
    // It works on at what nobody waits for.
    if (end === undefined || run.abandoned) return { task, end: undefined, slot: "broken" };
    const made = end.images.length === 0 ? undefined : await making;
    if (made !== undefined) await parts.keepMaking(made(run.expansions));
    return { task, end, slot: slotAfter(end.error, engine) };
  } catch (thrown) {
    if (run.abandoned) return { task, end: undefined, slot: "broken" };
    return { task, end: run.failed(thrown), slot: slotAfter(toWireError(thrown), engine) };
  }
}
