import { join } from "node:path";
import type { Config } from "#/config/schema.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import { lockFolder } from "../folder-lock.ts";
import type { ImageStore } from "../images.ts";
import { folderImages, sharedImages } from "./folder.ts";
import { type BucketConfig, configuredBucket } from "./s3/configured-bucket.ts";
import { s3Images } from "./s3/s3-images.ts";
import { tryBucket } from "./s3/try-bucket.ts";

/** Which settings say where images lie. */
export type ImagesConfig = BucketConfig & Pick<Config, "outputs" | "inputs" | "pictures_cache" | "fleet">;

type Surroundings = Readonly<{ random: () => number; gate: DecodeGate; log: Log }>;

/** Folder of a server's own files about pictures that lie elsewhere, below its outputs. */
const own = ".pictures";

/**
 * Opens the image store that the settings name; a bucket is tried first. In a fleet the folders are others' as well; what a
 * member keeps on its own disk about a bucket is its alone all the same.
 *
 * @returns the store, and what ends it
 * @throws EngineError `bad-setting`; `storage-failed` where the bucket cannot be used, with the reason and the way out
 */
export async function openImages(
  config: ImagesConfig,
  { random, gate, log }: Surroundings,
): Promise<Readonly<{ images: ImageStore; close: () => Promise<void> }>> {
  const bucket = configuredBucket(config);
  if (bucket === undefined) {
    const open = config.fleet === "" ? folderImages : sharedImages;
    const images = open(config.outputs, config.inputs, random, gate);
    return { images, close: async () => undefined };
  }
  const can = await tryBucket(bucket);
  if (!can.onlyNew)
    log.warn(
      "the server of the pictures' bucket replaces what has a name; every picture gets a number of its own",
      { pictures: config.pictures },
    );
  const parts = { bucket, can, random, gate, log };
  const root = join(config.outputs, own);
  // A server by itself has its outputs alone.
  const lock = config.fleet === "" ? undefined : lockFolder(root);
  const { images, close } = s3Images({ ...parts, root, cacheBytes: config.pictures_cache });
  return { images, close: () => close().finally(() => lock?.release()) };
}
