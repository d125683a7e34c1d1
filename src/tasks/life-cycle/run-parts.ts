import type { GenerateParams } from "#/api/generate.ts";
import type { Engine } from "#/engine/engine.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { EmbeddedText } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Doors } from "./door.ts";
import type { TaskHappening } from "./events.ts";
import type { TaskImage, TaskState } from "./task.ts";
import type { DecodingPace } from "./time-left.ts";

/** What a run starts from: how often it was tried, and the images that earlier attempts saved. */
export type RunStart = Readonly<{ at: number; attempt: number; images: readonly TaskImage[] }>;

/** What a run works with. */
export type RunParts = Readonly<{
  /** That of the run's slot. */
  engine: Engine;
  /** The APIs by which tasks come in. */
  doors: Doors;
  /** The pixels of the pictures that a recipe names. */
  loadInputs: (resolved: Resolved) => Promise<readonly Pixmap[]>;
  images: ImageStore;
  /** Where pictures wait to be decoded. */
  decoding?: DecodeGate;
  /** How long the engine's decoding takes. */
  pace: DecodingPace;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Start of the addresses that clients are given, without a slash at the end. */
  baseUrl: () => string;
  /** The text written into an image, if any is wanted. */
  textOf: (params: GenerateParams, resolved: Resolved, image: number) => Promise<EmbeddedText | undefined>;
}>;

/** Where a run reports to. */
export type RunReader = Readonly<{
  update: (state: Extract<TaskState, { status: "running" }>) => void;
  tell: (happening: TaskHappening) => void;
  /** Writes down which images there are; never rejected. */
  keep: (images: readonly TaskImage[]) => Promise<void>;
}>;
