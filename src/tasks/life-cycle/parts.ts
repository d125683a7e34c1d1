import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { Engine } from "#/engine/engine.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { EmbeddedText } from "#/image/encode.ts";
import type { Log } from "#/lib/log.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Webhooks } from "../delivery/webhook.ts";
import type { Door, Doors } from "../door.ts";

/** A request that was taken: filled, and what its client must be told of the picture it will get. */
export type Prepared = Readonly<{ params: GenerateParams; warnings: readonly string[] }>;

/** What the tasks are made of; put together once, in `create-tasks.ts`. */
export type TaskParts = Readonly<{
  history: HistoryStore;
  images: ImageStore;
  engine: Engine;
  webhooks: Webhooks;
  log: Log;
  /** Where pictures wait to be decoded. */
  decoding?: DecodeGate;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Start of the addresses that clients are given, without a slash at the end. */
  baseUrl: () => string;
  /** Most tasks that may wait. */
  queueLimit: number;
  /** The APIs by which tasks come in. */
  doors: Doors;
  /** Checks a request that came in by a door, takes in its images and fills it; throws RequestError. */
  prepare: (request: GenerateRequest, door: Door) => Promise<Prepared>;
  /** What to make, in the world as it is now; throws RequestError, ModelError for a file that cannot be used. */
  resolve: (params: GenerateParams) => Resolved;
  /** The text written into an image, if any is wanted. */
  describe: (params: GenerateParams, resolved: Resolved, image: number) => Promise<EmbeddedText | undefined>;
}>;
