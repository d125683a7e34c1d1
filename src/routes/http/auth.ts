import { timingSafeEqual } from "node:crypto";
import { keyless, type Refusal } from "./refusal.ts";

/**
 * Paths of the house that are open to everybody: documentation, whether the server is up and ready, the page (which asks for
 * the key), and files unless they are protected.
 */
const openPaths = /^\/(?:$|docs(?:\/|$)|redoc$|dashboard(?:\/|$)|healthz$|readyz$|openapi\.json$)/;
const fileFolders = ["/outputs/", "/inputs/", "/thumbnails/"];

export type AuthOptions = Readonly<{ keys: readonly string[]; protectFiles: boolean }>;

/** Who needs a key where: the options, and the paths of doors that are not as all others. */
export type KeyRules = AuthOptions &
  Readonly<{
    /** Need none, or ask for it in their own way. */
    open: readonly string[];
    /** Begin addresses of files. */
    files: readonly string[];
  }>;

/** Whether a path asks for the key, where one is set. */
export function asksForKey(path: string, { protectFiles, open, files }: KeyRules): boolean {
  if (openPaths.test(path) || open.includes(path)) return false;
  return protectFiles || ![...fileFolders, ...files].some((folder) => path.startsWith(folder));
}

/**
 * The keys in a request's headers: `X-API-KEY` (the contract's), and `Authorization: Bearer` (RFC 6750), for clients that
 * know no other. With both, one that fits is enough: a proxy may have put the other there.
 */
export function headerKeys({ headers }: Request): readonly string[] {
  const bearer = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return [headers.get("x-api-key"), bearer].flatMap((key) => key ?? []);
}

/**
 * The key check: exact match.
 *
 * @param said the keys that the request says
 * @returns the refusal, or undefined
 */
export function keyRefusal(request: Request, said: readonly string[], rules: KeyRules): Refusal | undefined {
  if (rules.keys.length === 0 || !asksForKey(new URL(request.url).pathname, rules)) return undefined;
  return said.some((key) => keyFits(rules.keys, key)) ? undefined : keyless;
}

/** Whether a text is one of the keys, in a time that tells nothing of them. */
export function keyFits(keys: readonly string[], text: string): boolean {
  const given = digest(text);
  return keys.some((key) => timingSafeEqual(digest(key), given));
}

/** Of one length, so that comparing takes one time. */
const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
