import { EngineError } from "#/lib/errors.ts";
import { failed } from "../write-file.ts";
import type { Bucket } from "./bucket.ts";
import type { PictureCache } from "./picture-cache.ts";

/** Milliseconds for which a file is given without asking whether its object is still there. */
const trusted = 2_000;

/**
 * Objects as files of this machine: fetched where they are not here yet, and asked for before they are given, since another
 * server may have deleted them. Where the bucket cannot be reached, what is here is given.
 */
export function objectFiles(bucket: Pick<Bucket, "get" | "head">, cache: PictureCache) {
  const asking = new Map<string, Promise<string | undefined>>();
  const ask = async (key: string): Promise<string | undefined> => {
    const known = cache.path(key);
    if (known !== undefined && cache.isFresh(key, trusted)) return known;
    const there = await bucket.head(key).catch((thrown: unknown) => {
      if (known !== undefined && thrown instanceof EngineError) return "unknown" as const;
      throw thrown;
    });
    if (there === "unknown") return known;
    if (there !== undefined && known !== undefined && (await cache.agrees(key, known, there))) return known;
    const bytes = there === undefined ? undefined : await bucket.get(key);
    if (there !== undefined && bytes !== undefined)
      return await cache.keep(key, bytes, there).catch((cause: unknown) => failed(key, "written", cause));
    await cache.remove(key);
    return undefined;
  };
  /** @throws EngineError of a store: the bucket cannot be reached, and the object is not here; or it cannot be kept here */
  return async (key: string): Promise<string | undefined> => {
    const asked = asking.get(key) ?? ask(key).finally(() => asking.delete(key));
    asking.set(key, asked);
    return await asked;
  };
}
