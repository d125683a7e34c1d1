import type { TaskId } from "#/lib/task-id.ts";
import type { End } from "#/tasks/life-cycle/endings.ts";
import type { TaskDoor, TaskImage } from "#/tasks/life-cycle/task.ts";

/** A model file: its kind (a folder below `models/`), its name in there, and its size. */
export type ModelFile = Readonly<{ kind: string; name: string; bytes: number }>;

/** What a worker needs to make a task's pictures. Nothing of it changes once it was added. */
export type FleetJob = Readonly<{
  id: TaskId;
  door: TaskDoor;
  /** The settled request, as JSON that loses no digit. */
  request: string;
  /** As the history keeps it; JSON, which may be megabytes. */
  recipe: string;
  recipeVersion: number;
  /** The files without which it cannot be made. */
  needs: readonly ModelFile[];
  /** Which of them is its checkpoint: its name. */
  checkpoint: string;
  label: string | null;
  /** Start of the addresses of its pictures, without a slash at the end. */
  baseUrl: string;
  /** Pictures that were stored before it was given, where Redis lost what it knew of it. */
  images?: readonly TaskImage[];
  /** Sentences that it was accepted with. */
  warnings: readonly string[];
  /** Milliseconds since 1970, as all `...At` fields. */
  queuedAt: number;
  requestId?: string;
}>;

/** What changes of a job while it is made, and outlasts whoever makes it. */
export type JobState = Readonly<{
  /** How often it was begun. */
  attempts: number;
  /** The pictures that are stored already. */
  images: readonly TaskImage[];
  /** Sentences that its client must be told by now. */
  warnings: readonly string[];
  /** It was asked to stop: whoever takes it next ends it as stopped. */
  stopping: boolean;
}>;

/** How a job ended, for the head that records it. */
export type JobResult = Readonly<{
  end: End;
  warnings: readonly string[];
  /** What its pictures were made of, as the history keeps it; null where there are none, or it is not known. */
  making: string | null;
  /** Id of the worker that made it. */
  worker: string;
  endedAt: number;
}>;
