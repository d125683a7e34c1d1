import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { ImageStore, KeptImage } from "../../images.ts";
import { localStamp } from "../local-stamp.ts";
import type { Bucket } from "./bucket.ts";
import { pauses } from "./patience.ts";
import type { Spool } from "./spool.ts";
import type { BucketCan } from "./try-bucket.ts";

/** What finished images are put with. */
type PuttingParts = Readonly<{
  bucket: Bucket;
  can: BucketCan;
  random: () => number;
  spool: Pick<Spool, "isEmpty" | "path" | "keep">;
  onPut: (key: string, bytes: Uint8Array, etag: string) => Promise<void>;
  log: Pick<Log, "error">;
}>;

/** Numbers that are tried one after the other behind a client's own name; then one is drawn, since each is a question. */
const mostNumbers = 10;

/**
 * Puts finished images under names that nothing has. What cannot be put is kept in the spool, under a name that no other server
 * will give meanwhile.
 */
export function outputPutter({ bucket, can, random, spool, onPut, log }: PuttingParts): ImageStore["put"] {
  const drawn = (): string => String(100_000_000 + Math.floor(random() * 900_000_000));
  const putAt = async (key: string, bytes: Uint8Array, looks: boolean): Promise<boolean> => {
    if (spool.path(key) !== undefined) return false;
    if (looks && (await bucket.head(key)) !== undefined) return false;
    // While others wait the server is known to fail: one try is enough.
    const between = spool.isEmpty ? pauses.long : pauses.none;
    const etag = await bucket.put(key, bytes, { onlyNew: can.onlyNew, between });
    if (etag !== undefined) await onPut(key, bytes, etag);
    return etag !== undefined;
  };
  return async (bytes, extension, at, saveName): Promise<KeptImage> => {
    const { day: folder, time } = localStamp(at);
    const stem = saveName ?? `${folder}_${time}`;
    const nameOf = (attempt: number): string => {
      // A server that replaces what is there is given no name twice.
      if (!can.onlyNew || attempt >= mostNumbers)
        return `${stem}${saveName === undefined ? "_" : "-"}${drawn()}`;
      if (saveName === undefined) return `${stem}_${1000 + Math.floor(random() * 9000)}`;
      return attempt === 0 ? stem : `${stem}-${attempt + 1}`;
    };
    const looks = saveName !== undefined || !can.onlyNew;
    try {
      for (let attempt = 0; ; attempt += 1) {
        const name = `${nameOf(attempt)}.${extension}`;
        if (await putAt(`outputs/${folder}/${name}`, bytes, looks)) return { folder, name };
      }
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      const name = `${stem}${saveName === undefined ? "_" : "-"}${drawn()}.${extension}`;
      await spool.keep(`outputs/${folder}/${name}`, bytes);
      log.error("a picture could not be put into the bucket; it is kept here, and put when it can be", {
        picture: `${folder}/${name}`,
        error: thrown.message,
      });
      return { folder, name };
    }
  };
}
