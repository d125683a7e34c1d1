import type { Pixmap } from "#/image/pixmap.ts";
import type { Brand } from "#/lib/brand.ts";
import type { WireError } from "#/lib/errors.ts";
import type { Recipe } from "#/recipe/recipe.ts";

/** 32 lower-case hex digits: a UUID without hyphens. */
export type TaskId = Brand<string, "TaskId">;

/** Which hardware the networks run on. */
export type Device = "cuda" | "webgpu" | "cpu";

/** Main thread to engine. Plain data only: it survives a structured clone today, a pipe or a queue tomorrow. */
export type EngineCommand = Readonly<
  | { type: "generate"; id: TaskId; recipe: Recipe; inputs: readonly Pixmap[]; previews: boolean }
  | { type: "control"; id: TaskId; action: "skip" | "stop" }
  | { type: "previews"; id: TaskId; wanted: boolean }
  | { type: "shutdown" }
>;

/** Engine to main thread. Every job ends in exactly one `settled`, whatever becomes of it. */
export type EngineEvent = Readonly<
  | { type: "ready"; device: Device }
  | { type: "loaded"; models: readonly LoadedModel[] }
  | { type: "progress"; id: TaskId; at: Moment; preview?: Pixmap }
  | { type: "image"; id: TaskId; index: number; image: Pixmap; facts: ImageFacts }
  | { type: "settled"; id: TaskId; outcome: Outcome }
>;

/** A network that is resident in the engine; bytes are those of its weights in the file. */
export type LoadedModel = Readonly<{ name: string; bytes: number }>;

/** Where a job is. `image` counts from 0; `step` counts finished steps, from 1, of `steps`. */
export type Moment = Readonly<
  | { stage: "loading" | "encoding" | "decoding" | "upscaling" | "masking"; image: number }
  | { stage: "denoising"; image: number; step: number; steps: number }
>;

/** What is known only after the image was made; goes into metadata and the live channel. Times in milliseconds. */
export type ImageFacts = Readonly<{
  seed: bigint;
  timings: Readonly<{ loading: number; encoding: number; denoising: number; decoding: number }>;
}>;

/** How a job ended. Images that were sent before stay valid in every case. */
export type Outcome = Readonly<
  | { status: "finished" }
  | { status: "stopped" | "skipped" }
  | { status: "failed"; error: WireError }
>;
