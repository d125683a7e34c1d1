import { timingSafeEqual } from "node:crypto";
import { isCostly } from "./body-limit.ts";
import { jsonReply } from "./replies.ts";

/**
 * Paths that are open to everybody: documentation, whether the server is up, the page (which asks for the key), the live channel (which checks
 * it itself, since a browser can only say it in a message), and files unless they are protected.
 */
const open = /^\/(?:$|docs(?:\/|$)|redoc$|dashboard(?:\/|$)|healthz$|openapi\.json$|v1\/live$)/;
const files = /^\/(?:outputs|inputs|files)\//;

export type AuthOptions = Readonly<{ keys: readonly string[]; protectFiles: boolean }>;

/** Whether a path asks for the key, where one is set. */
export const asksForKey = (path: string, { protectFiles }: AuthOptions): boolean =>
  !open.test(path) && (protectFiles || !files.test(path));

/** The contract's key check: header `X-API-KEY`, exact match. @returns the refusal, or undefined */
export function refusal(request: Request, auth: AuthOptions): Response | undefined {
  if (auth.keys.length === 0 || !asksForKey(new URL(request.url).pathname, auth)) return undefined;
  if (keyFits(auth.keys, request.headers.get("x-api-key") ?? "")) return undefined;
  return jsonReply({ detail: "Forbidden" }, 403);
}

/**
 * The same refusal before the body is read, where that would cost something: without a key, a large body, or one that does
 * not say how large it is, is not looked at.
 */
export const strangerRefusal = (request: Request, auth: AuthOptions): Response | undefined =>
  isCostly(request) ? refusal(request, auth) : undefined;

/** Whether a text is one of the keys, in a time that tells nothing of them. */
export function keyFits(keys: readonly string[], text: string): boolean {
  const given = digest(text);
  return keys.some((key) => timingSafeEqual(digest(key), given));
}

/** Of one length, so that comparing takes one time. */
const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
