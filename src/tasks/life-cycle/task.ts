import type { JsonObject } from "#/api/json.ts";
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
  door: TaskDoor;
  /** What is otherwise about its pictures than the client may expect; sentences. */
  warnings: readonly string[];
  /** Milliseconds since 1970, as all `...At` fields. */
  queuedAt: number;
  /** Id of the request that it came by, for the log; not known of what an earlier process accepted. */
  requestId?: string;
  state: TaskState;
}>;

/** By which API a task came in: the name of its door, and the door's own word, which nobody else reads. */
export type TaskDoor = Readonly<{ name: string; word: string }>;

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

/** How far a running task is; each door has its own sentence for it. */
export type Progress = Readonly<{
  /** 0 to 100, never falling within an attempt. */
  percent: number;
  moment: TaskMoment;
  stage: Stage;
  image: number;
  images: number;
  step: number;
  steps: number;
  preview: Preview | null;
}>;

/**
 * What a running task has come to; each is told for itself. In the order of a task: the LoRA of its performance `mode` (if
 * it has one), the files that enlarge (`upscalers`) or paint anew (`inpainter`), its ControlNets (`controls`) and its other
 * `files` were looked at, the `engine` was asked, its weights are written in 8 bits (`coding`, files `done` `of` as many), it opens its `networks`, begins with the `prompts`, expands the prompt of an image (`expansion`) and
 * encodes its texts (`positive`, `negative`), of which it may have done a `part` `of` as many, begins with its `pictures`, has
 * enlarged parts of one (`upscaling`, `done` `of` as many, `width` x `height` before), has made strips of a latent of one
 * (`latent`), begins with `sampling`, with an `image`, has done a `step` `of` as many, has decoded strips of the image (`done`
 * `of` as many), has the safety checker look at it (`checking`), is `saving` the image, or what was made of its pictures alone (`saving-picture`). Then it begins to `enhance`
 * them: in each pass with a region (`enhancement`), whose `mask` may be shown, and with the pass's texts (`enhance-prompts`);
 * `image` and `images` are passes from then on.
 */
export type TaskMoment = Readonly<
  | { now: "mode"; mode: string }
  | {
      now:
        | "upscalers"
        | "inpainter"
        | "controls"
        | "files"
        | "engine"
        | "networks"
        | "prompts"
        | "expansion"
        | "positive"
        | "negative"
        | "pictures"
        | "sampling"
        | "image"
        | "checking"
        | "saving"
        | "saving-picture"
        | "enhance"
        | "enhancement"
        | "enhance-prompts"
        | "mask";
    }
  | { now: "part"; of: number; texts: "expansion" | "positive" | "negative" }
  | { now: "upscaling"; width: number; height: number; done: number; of: number }
  | { now: "latent"; gives: "start" | "holes" | "refiner"; done: number; of: number }
  | { now: "coding"; done: number; of: number }
  | { now: "step"; of: number }
  | { now: "decoding"; done: number; of: number }
>;

export type Stage = "loading" | "encoding" | "denoising" | "decoding" | "upscaling" | "masking" | "saving";

/**
 * A preview that is encoded once per format, at the first reader that asks, and not at all when nobody does. One of a fleet lies
 * elsewhere until then: it is nothing where it is gone.
 */
export type Preview = Readonly<{
  width: number;
  height: number;
  pixmap: () => Promise<Pixmap | undefined>;
  png: () => Promise<Uint8Array | undefined>;
  webp: () => Promise<Uint8Array | undefined>;
  /** Has it brought here, for who may want it when its task has ended. Not there where it is here anyway. */
  hold?: () => void;
}>;

/** A finished image on disk. */
export type TaskImage = Readonly<{
  /** Which image of the task, from 0; a skipped one is missing, a grid comes after the last. */
  index: number;
  /** What clients are given. */
  url: string;
  width: number;
  height: number;
  /** Digits of the seed; empty for a grid, for what no noise was drawn for, and for what another program made. */
  seed: string;
  /** Whether the safety checker had a black one put in its place; absent where nobody looked. */
  nsfw?: boolean;
  /** How often denoising networks ran for it, and how often they did not have to, where its request asked for that. */
  runs?: NonNullable<ImageFacts["runs"]>;
  timings: (ImageFacts["timings"] & Readonly<{ saving: number }>) | null;
}>;
