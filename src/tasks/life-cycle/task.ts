import type { JsonObject } from "#/api/json.ts";
import type { LegacyJob } from "#/api/legacy/job.ts";
import type { ImageFacts } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { WireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";

/** A request with a life. */
export type Task = Readonly<{
  id: TaskId;
  /** Row number in the history; never an identity (SQLite reuses it after a delete). */
  row: number;
  /** The settled request as it is stored and shown (`req_params`): seed drawn, images as addresses. */
  request: JsonObject;
  webhookUrl: string;
  /** Free text of a live-channel client, echoed in `queued`. */
  label: string | null;
  /** Which kind of job of the older API it is: its files and its webhook look as that API's do. Null for all others. */
  legacyJob: LegacyJob | null;
  /** What is otherwise about its pictures than the client may expect; sentences. */
  warnings: readonly string[];
  /** Milliseconds since 1970, as all `...At` fields. */
  queuedAt: number;
  state: TaskState;
}>;

/** How a task can end. `cancelled` never ran; `skipped` means a skip came too late to be handled. */
export const settledStatuses = ["finished", "stopped", "skipped", "failed", "cancelled"] as const;
export type SettledStatus = (typeof settledStatuses)[number];

/** Legal moves: pending -> running -> settled, pending -> settled (cancelled), running -> pending (after a crash). */
export type TaskState = Readonly<
  | { status: "pending"; position: number }
  | {
      status: "running";
      startedAt: number;
      attempt: number;
      progress: Progress;
      images: readonly TaskImage[];
    }
  | {
      status: "settled";
      outcome: SettledStatus;
      startedAt: number | null;
      finishedAt: number;
      /** 0 to 100; where it stopped, for a failed task. */
      percent: number;
      images: readonly TaskImage[];
      error: WireError | null;
    }
>;

/** Last progress of a running task: FooocusAPI's number and sentence (http-api sections 9 and 10). */
export type Progress = Readonly<{
  percent: number;
  message: string;
  stage: Stage;
  image: number;
  images: number;
  step: number;
  steps: number;
  preview: Preview | null;
}>;

export type Stage = "loading" | "encoding" | "denoising" | "decoding" | "upscaling" | "masking" | "saving";

/** A preview that is encoded once per format, at the first reader that asks, and not at all when nobody does. */
export type Preview = Readonly<{
  pixmap: Pixmap;
  png: () => Promise<Uint8Array>;
  webp: () => Promise<Uint8Array>;
}>;

/** A finished image on disk. */
export type TaskImage = Readonly<{
  /** Which image of the task, from 0; a skipped one is missing, a grid comes after the last. */
  index: number;
  /** What clients are given. */
  url: string;
  width: number;
  height: number;
  /** Digits of the seed; empty for a grid, and for what another program made. */
  seed: string;
  timings: (ImageFacts["timings"] & Readonly<{ saving: number }>) | null;
}>;
