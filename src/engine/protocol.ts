import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Device } from "#/lib/devices.ts";
import type { WireError } from "#/lib/errors.ts";
import type { FullReason } from "#/lib/full-reason.ts";
import type { LogFormat, LogLevel } from "#/lib/log-words.ts";
import type { FileStretch } from "#/lib/read-ahead.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { PassPlace } from "#/recipe/enhancement.ts";
import type { MaskMaking } from "#/recipe/mask-making.ts";
import type { Recipe } from "#/recipe/recipe.ts";

/** A device that was preferred and cannot be used, and the runtime's reason. */
export type RefusedDevice = Readonly<{ device: Device; reason: string }>;

/** What the engine must know before its first job; plain data, taken from the configuration. */
export type EngineSettings = Readonly<{
  /** Folders laid out like Fooocus' `models/`, searched in order. */
  modelRoots: readonly string[];
  /** In order of preference; `auto` takes what the machine has. */
  providers: "auto" | readonly Device[];
  /** Where CUDA's libraries lie; empty or absent where they usually do. */
  cudaLibraries?: string;
  /** `in-place` maps the checkpoint, `packed` copies and re-orders it in memory (faster steps, slower opening). */
  weights: "in-place" | "packed";
  /** Bytes of weights that may stay open between jobs. */
  memoryBudget: number;
  /** Bytes of the card's memory that networks may use; 0 or left out is what the card says of itself. */
  gpuMemory?: number;
  /** Where files that are made of model files lie, and how many bytes of them are kept. */
  derived: Readonly<{ folder: string; budget: number }>;
  /** Threads of the networks; 0 lets the runtime choose. */
  threads: number;
  /** Least serious level that the engine prints. */
  logLevel?: LogLevel;
  logFormat?: LogFormat;
}>;

/** Main thread to engine. Plain data only: it survives a structured clone today, a pipe or a queue tomorrow. */
export type EngineCommand = Readonly<
  | { type: "start"; settings: EngineSettings }
  | { type: "generate"; id: TaskId; recipe: Recipe; inputs: readonly Pixmap[] }
  | { type: "tool"; id: TaskId; tool: Tool; picture: Pixmap }
  | { type: "control"; id: TaskId; action: "skip" | "stop" }
  | { type: "unload" }
  | { type: "shutdown" }
>;

/** A command that is a job: it has an id, and ends in one `settled`. */
export type JobCommand = Extract<EngineCommand, { type: "generate" | "tool" }>;

/** What is asked of a picture beside making another one of it. */
export type Tool = Readonly<
  { tool: "mask"; making: MaskMaking } | { tool: "describe"; as: "tags" | "caption" }
>;

/** What a tool says of a picture: a mask of its size, white what was looked for, and how many things were found; or words. */
export type ToolAnswer = Readonly<
  { tool: "mask"; mask: Greymap; found: number } | { tool: "describe"; text: string }
>;

/** Engine to main thread. Every job ends in exactly one `settled`, whatever becomes of it. */
export type EngineEvent = Readonly<
  | { type: "ready"; device: Device; refused: readonly RefusedDevice[] }
  | { type: "broken"; error: WireError }
  | { type: "loaded"; models: readonly LoadedModel[] }
  /** What the running job is about to map, the first parts first. */
  | { type: "reads"; stretches: readonly FileStretch[] }
  | { type: "progress"; id: TaskId; at: Moment; preview?: Pixmap; pass?: PassPlace }
  | { type: "note"; id: TaskId; note: RunNote }
  | { type: "image"; id: TaskId; index: number; image: Pixmap; facts: ImageFacts; pass?: PassImage }
  | ({ type: "passed"; id: TaskId } & Passed)
  | { type: "answer"; id: TaskId; answer: ToolAnswer }
  | { type: "settled"; id: TaskId; outcome: Outcome }
>;

/** An image that a pass of the enhancement made, or the mask that it found. */
export type PassImage = PassPlace & Readonly<{ shows: "result" | "mask" }>;

/** A pass is over, whatever came of it: the place of the picture, and how many of its passes are done with by now. */
export type Passed = Readonly<{ picture: number; done: number }>;

/** A network that is resident in the engine; bytes are those of its weights in the file. */
export type LoadedModel = Readonly<{ name: string; bytes: number }>;

/**
 * Where a job is. `image` counts from 0; `step` counts steps whose estimate is known, of `steps`; step 0 says that
 * the image is about to be sampled; `strip` counts strips of the image that are decoded, of `strips`. Texts come in the order
 * expansion, where there is one, positive, negative, the last not at CFG 1; each for all images first. Then, where pictures
 * are started from, comes `preparing`, once, and what is done with them: `upscaling` one of so many pixels, by parts, and
 * `encoding-picture`, by strips, which gives the latent that is started from (`start`), the one with holes where it is painted
 * anew (`holes`), or the one in the refiner's own space (`refiner`). A picture that is made may be looked at (`checking`). A pass of the enhancement begins with `enhancing` and,
 * where it is about a region, `masking`; after these come the same stages as for images, `image` being 0.
 */
export type Moment = Readonly<
  | { stage: "loading" | "preparing" | "checking" | "enhancing"; image: number }
  | { stage: "coding"; image: number; part: number; parts: number }
  /** `shown` where what is looked at meanwhile is the mask. */
  | { stage: "masking"; image: number; shown: boolean }
  | { stage: "upscaling"; image: number; width: number; height: number; part: number; parts: number }
  | {
      stage: "encoding-picture";
      image: number;
      gives: "start" | "holes" | "refiner";
      strip: number;
      strips: number;
    }
  | { stage: "decoding"; image: number; strip: number; strips: number }
  | {
      stage: "encoding";
      image: number;
      texts: "expansion" | "positive" | "negative";
      /**
       * Parts that are done, of so many: words of an expansion; sections of all texts, which are encoded together and told with the
       * first positive ones. Absent at the beginning.
       */
      part?: number;
      parts?: number;
    }
  | { stage: "denoising"; image: number; step: number; steps: number }
>;

/** What an engine found out while it worked that its client must be told. */
export type RunNote = Readonly<
  /** The part that is painted anew was smaller than what is drawn. */
  | { note: "part-enlarged"; by: "network" | "lanczos" }
  /** A device that the server was set up for cannot be used, and another one drew. */
  | { note: "device-missed"; device: Device; on: Device; reason: string }
  /** Precision fast was asked for, and all networks kept their own; or some layers did, to whose weights something is added. */
  | { note: "full-precision"; reason: FullReason }
  | { note: "layers-full"; layers: number; full: number }
  /** The safety checker found in this picture what it looks for: a black one took its place. */
  | { note: "blackened"; image: number }
  /** Nothing of a picture is the region that a pass is about, so it was left out; the places of both. */
  | { note: "region-empty"; picture: number; region: number }
  /**
   * A picture that lends its face showed none at its own size, none at all (it is used whole then), or several, of which the
   * most certain one was taken. `picture` counts the job's pictures of that kind from 0, of `pictures`.
   */
  | { note: "face-cropped"; picture: number; pictures: number; faces: number; shrunk: boolean }
>;

/** What is known only after the image was made; goes into metadata and the live channel. Times in milliseconds. */
export type ImageFacts = Readonly<{
  /** Null for an image that no noise was drawn for. */
  seed: bigint | null;
  /** What prompt expansion made of its prompt, where it was asked for. */
  expansion?: string;
  /** Whether a black one took its place; absent where nobody looked. */
  nsfw?: boolean;
  /** The pixels that were sampled, where that depends on what was found in a picture. */
  sampled?: Readonly<{ width: number; height: number }>;
  /** How often denoising networks ran for it, and how often they did not have to; absent where no request asked to save runs. */
  runs?: Readonly<{ made: number; saved: number }>;
  timings: Readonly<{ loading: number; encoding: number; denoising: number; decoding: number }>;
}>;

/** How a job ended. Images that were sent before stay valid in every case. */
export type Outcome = Readonly<
  { status: "finished" } | { status: "stopped" | "skipped" } | { status: "failed"; error: WireError }
>;
