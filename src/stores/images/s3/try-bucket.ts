import { EngineError } from "#/lib/errors.ts";
import { type Bucket, isSame } from "./bucket.ts";

/** What a bucket's server can do beyond keeping objects. */
export type BucketCan = Readonly<{
  /** Whether it puts an object only where none is, in one step. */
  onlyNew: boolean;
}>;

/**
 * Does once with a tiny object what a server does with pictures.
 *
 * @throws EngineError of a store, in one sentence: unreachable, no such bucket, wrong keys, no right to do one of them
 */
export async function tryBucket(bucket: Bucket): Promise<BucketCan> {
  const key = `.try-${crypto.randomUUID()}`;
  const bytes = new TextEncoder().encode("fooocusd looks whether it can keep pictures here");
  const onlyNew = await putOnlyNew(bucket, key, bytes);
  try {
    if (!isSame(await bucket.get(key), bytes)) {
      const message =
        "What was put into the bucket of the setting pictures does not come back from it; look whether s3_endpoint is the address of the S3 API.";
      throw new EngineError("storage-failed", message);
    }
    for await (const _ of bucket.list(key)) break;
  } finally {
    await bucket.remove(key);
  }
  return { onlyNew };
}

/** A server that does not know the condition puts the second one too, or refuses both. */
async function putOnlyNew(bucket: Bucket, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await bucket.put(key, bytes, { onlyNew: true });
    return (await bucket.put(key, bytes, { onlyNew: true, between: [] })) === undefined;
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.details.status !== 501) throw thrown;
    await bucket.put(key, bytes);
    return false;
  }
}
