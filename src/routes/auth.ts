import { timingSafeEqual } from "node:crypto";
import { jsonReply } from "./replies.ts";

/**
 * Paths that are open to everybody: documentation, the page (which asks for the key), the live channel (which checks
 * it itself, since a browser can only say it in a message), and files unless they are protected.
 */
const open = /^\/(?:$|docs(?:\/|$)|redoc$|dashboard$|openapi\.json$|v1\/live$)/;
const files = /^\/(?:outputs|inputs|files)\//;

export type AuthOptions = Readonly<{ keys: readonly string[]; protectFiles: boolean }>;

/** The contract's key check: header `X-API-KEY`, exact match. @returns the refusal, or undefined */
export function refusal(request: Request, { keys, protectFiles }: AuthOptions): Response | undefined {
  if (keys.length === 0) return undefined;
  const { pathname } = new URL(request.url);
  if (open.test(pathname) || (!protectFiles && files.test(pathname))) return undefined;
  if (keyFits(keys, request.headers.get("x-api-key") ?? "")) return undefined;
  return jsonReply({ detail: "Forbidden" }, 403);
}

/** Whether a text is one of the keys, in a time that tells nothing of them. */
export function keyFits(keys: readonly string[], text: string): boolean {
  const given = digest(text);
  return keys.some((key) => timingSafeEqual(digest(key), given));
}

/** Of one length, so that comparing takes one time. */
const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
