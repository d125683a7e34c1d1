import { join } from "node:path";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import { type ImageStore, isCleanName } from "../../images.ts";
import { guardedInputs, type InputPlace } from "../input-guard.ts";
import { folderThumbnails } from "../thumbnails.ts";
import type { Bucket } from "./bucket.ts";
import { DaySizes } from "./day-sizes.ts";
import { objectFiles } from "./objects.ts";
import { bucketOnTheWay } from "./on-the-way.ts";
import { PictureCache } from "./picture-cache.ts";
import { outputPutter } from "./put-output.ts";
import { Spool } from "./spool.ts";
import type { BucketCan } from "./try-bucket.ts";

/** By how many milliseconds the clock of the bucket's server may be ahead. */
const clockSlack = 60_000;

/** What images in a bucket are kept with. */
export type S3Parts = Readonly<{
  bucket: Bucket;
  can: BucketCan;
  /** Folder on this server's disk, and its alone: what was fetched, what waits to be put, small versions. */
  root: string;
  /** Bytes of what was fetched. */
  cacheBytes: number;
  /** 0 up to 1, for names. */
  random: () => number;
  gate: DecodeGate;
  log: Pick<Log, "info" | "warn" | "error">;
  /** Milliseconds before what could not be put is tried again; for tests. */
  again?: number;
}>;

/**
 * Images in a bucket: `outputs/DAY/NAME`, `inputs/HASH.png`, and what is on its way. Several servers may have one.
 *
 * @returns the store, and what ends it
 */
export function s3Images(parts: S3Parts): Readonly<{ images: ImageStore; close: () => Promise<void> }> {
  const { bucket, root, gate, log } = parts;
  const cache = new PictureCache(join(root, "cache"), parts.cacheBytes);
  const thumbnails = folderThumbnails(join(root, "thumbnails"), gate);
  const sizes = new DaySizes(bucket);
  const fileOf = objectFiles(bucket, cache);
  const onPut = async (key: string, bytes: Uint8Array, etag: string): Promise<void> => {
    sizes.forget(key.split("/")[1] ?? "");
    // A full disk here is no reason to fail: it is fetched when it is asked for.
    await cache.keep(key, bytes, { etag }).catch(() => undefined);
  };
  const spool = new Spool({
    root: join(root, "spool"),
    bucket,
    onlyNew: parts.can.onlyNew,
    onPut,
    log,
    ...(parts.again === undefined ? {} : { first: parts.again }),
  });
  const output: ImageStore["output"] = async (folder, name) => {
    const key = outputKey(folder, name);
    if (key === undefined || !/\.(png|jpe?g|webp)$/i.test(name)) return undefined;
    return spool.path(key) ?? (await fileOf(key)) ?? spool.path(key);
  };
  const images: ImageStore = {
    put: outputPutter({ ...parts, spool, onPut }),
    putInput: async (png) => {
      const base64 = Buffer.from(png).toString("base64");
      const name = `${new Bun.CryptoHasher("sha256").update(base64).digest("hex")}.png`;
      if ((await bucket.head(inputKey(name))) === undefined)
        await onPut(inputKey(name), png, (await bucket.put(inputKey(name), png)) ?? "");
      return name;
    },
    output,
    thumbnail: async (image, signal) => {
      const path = await output(image.folder, image.name);
      return path === undefined ? undefined : await thumbnails.of(image, path, signal);
    },
    ...guardedInputs(inputPlace(parts, fileOf, cache)),
    remove: async (image, before) => {
      const key = outputKey(image.folder, image.name);
      if (key === undefined) return false;
      const waited = await spool.remove(key, before + clockSlack);
      const there = await bucket.head(key);
      if (there !== undefined && there.at > before + clockSlack) return waited;
      if (there !== undefined) await bucket.remove(key);
      await Promise.all([cache.remove(key), thumbnails.remove(image)]);
      sizes.forget(image.folder);
      return waited || there !== undefined;
    },
    sizeOf: async ({ folder, name }) => {
      const key = outputKey(folder, name);
      const waiting = key === undefined ? undefined : spool.path(key);
      if (waiting !== undefined) return Bun.file(waiting).size;
      return key === undefined ? 0 : await sizes.of(folder, name);
    },
    inputsBefore: (moment) => inputsBefore(bucket, moment),
    onTheWay: bucketOnTheWay(join(root, "on-the-way"), bucket, log),
  };
  return { images, close: () => spool.close() };
}

const outputKey = (folder: string, name: string): string | undefined =>
  isCleanName(folder) && isCleanName(name) ? `outputs/${folder}/${name}` : undefined;

const inputKey = (name: string): string => `inputs/${name}`;

function inputPlace(
  { bucket, root }: S3Parts,
  fileOf: ReturnType<typeof objectFiles>,
  cache: PictureCache,
): InputPlace {
  return {
    path: async (name) => (isCleanName(name) ? await fileOf(inputKey(name)) : undefined),
    isThere: async (name) => (await bucket.head(inputKey(name))) !== undefined,
    putBack: async (name, bytes) => void (await bucket.put(inputKey(name), bytes)),
    remove: async (name) => {
      const was = (await bucket.head(inputKey(name))) !== undefined;
      if (was) await bucket.remove(inputKey(name));
      await cache.remove(inputKey(name));
      return was;
    },
    aside: join(root, "removed"),
  };
}

async function* inputsBefore(bucket: Bucket, moment: number): AsyncGenerator<string, void, undefined> {
  for await (const { key, at } of bucket.list("inputs/")) {
    const name = /^inputs\/([0-9a-f]{64}\.png)$/.exec(key)?.[1];
    if (name !== undefined && at < moment) yield name;
  }
}
