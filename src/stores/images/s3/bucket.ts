import { patiently, pauses } from "./patience.ts";
import { type BucketPlace, requestsTo } from "./requests.ts";

/** What is known of an object without its content; `at` in milliseconds since 1970, whole seconds. */
export type There = Readonly<{ size: number; at: number; etag: string }>;

/** An object of a listing; its key without the bucket's prefix. */
export type Listed = Readonly<{ key: string; size: number; at: number }>;

/** A bucket; keys are those below its prefix. Whatever fails is an EngineError of a store (`isStorageCode`). */
export type Bucket = Readonly<{
  /**
   * Puts an object; it lasts when this returns.
   *
   * @param how.onlyNew whether one that is there stays; what the server can do is said by `tryBucket`
   * @returns its tag; nothing where another object has the key
   */
  put: (key: string, bytes: Uint8Array, how?: PutHow) => Promise<string | undefined>;
  get: (key: string) => Promise<Uint8Array | undefined>;
  head: (key: string) => Promise<There | undefined>;
  /** One that is not there is no failure. */
  remove: (key: string) => Promise<void>;
  list: (prefix: string) => AsyncIterable<Listed>;
}>;

type PutHow = Readonly<{ onlyNew?: boolean; between?: readonly number[] }>;

/** Opens a bucket; nothing is asked of it yet. */
export function openBucket(place: BucketPlace): Bucket {
  const requests = requestsTo(place);
  const { prefix } = place;
  const get: Bucket["get"] = async (key) =>
    await patiently(pauses.short, async () => {
      const answer = await requests.send("GET", prefix + key);
      if (answer.status === 200) return answer.bytes;
      if (isNoSuchKey(answer)) return undefined;
      throw requests.refusal("GET", answer);
    });
  return {
    put: async (key, bytes, { onlyNew = false, between = pauses.long } = {}) =>
      await patiently(between, async (before) => {
        const body = new Uint8Array(bytes);
        const answer = await requests.send("PUT", prefix + key, {
          body,
          headers: headersOf(body, key, onlyNew),
        });
        if (answer.status === 200) return tagOf(answer.headers);
        if (answer.status !== 412 || !onlyNew) throw requests.refusal("PUT", answer);
        // An earlier try may have arrived, and its answer not.
        const isOurs = before > 0 && isSame(await get(key), bytes);
        return isOurs ? "" : undefined;
      }),
    get,
    head: async (key) =>
      await patiently(pauses.short, async () => {
        const answer = await requests.send("HEAD", prefix + key);
        if (answer.status === 404) return undefined;
        if (answer.status !== 200) throw requests.refusal("HEAD", answer);
        const { headers } = answer;
        const at = Date.parse(headers.get("last-modified") ?? "");
        return { size: Number(headers.get("content-length")), at, etag: tagOf(headers) };
      }),
    remove: async (key) =>
      await patiently(pauses.short, async () => {
        const answer = await requests.send("DELETE", prefix + key);
        if (![200, 204, 404].includes(answer.status)) throw requests.refusal("DELETE", answer);
      }),
    list: (below) => listed(requests, prefix, below),
  };
}

const headersOf = (body: Uint8Array, key: string, onlyNew: boolean): Readonly<Record<string, string>> => ({
  "content-md5": new Bun.CryptoHasher("md5").update(body).digest("base64"),
  "content-type": types[key.replace(/^.*\./, "").toLowerCase()] ?? "application/octet-stream",
  ...(onlyNew ? { "if-none-match": "*" } : {}),
});

const types: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  json: "application/json",
};

const tagOf = (headers: Headers): string => headers.get("etag") ?? "";

/** A bucket that is gone has no keys either, and that is another thing. */
const isNoSuchKey = ({ status, bytes }: Readonly<{ status: number; bytes: Uint8Array }>): boolean =>
  status === 404 && new TextDecoder().decode(bytes.subarray(0, 1024)).includes("<Code>NoSuchKey</Code>");

/** Whether an object is this very content. */
export const isSame = (there: Uint8Array | undefined, bytes: Uint8Array): boolean =>
  there !== undefined && Buffer.from(there.buffer, there.byteOffset, there.length).equals(bytes);

async function* listed(
  requests: Pick<ReturnType<typeof requestsTo>, "list">,
  prefix: string,
  below: string,
): AsyncGenerator<Listed, void, undefined> {
  let token: string | undefined;
  do {
    const after = token;
    const page = await patiently(pauses.short, () => requests.list(prefix + below, after));
    for (const { key, size = 0, lastModified = "" } of page.contents ?? [])
      yield { key: key.slice(prefix.length), size, at: Date.parse(lastModified) };
    token = page.isTruncated === true ? page.nextContinuationToken : undefined;
  } while (token !== undefined);
}
