import type { Json } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import type { RequestKey } from "#/stores/history.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** What a request asks for, as far as it decides what is made: where it was sent, how it is answered, and its body. */
export type Asked = Readonly<{
  path: string;
  /** One picture, whatever the body says. */
  single: boolean;
  body: Json;
}>;

/** Characters of a key. */
const longest = 255;

/** RFC 8941, section 3.3.3: printable ASCII in quotation marks, these and the backslash behind a backslash. */
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** What clients send that know a key as a text alone. No blank: several headers of one name arrive as one with blanks. */
const bare = /^[\x21\x23-\x7e]+$/;

/**
 * A request's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a string in quotation marks, or the same
 * without them.
 *
 * @returns the key with what was asked for under it; undefined where there is none
 * @throws RequestError `malformed-key`
 */
export function idempotencyKey({ headers }: Pick<Request, "headers">, asked: Asked): RequestKey | undefined {
  const said = headers.get("idempotency-key")?.trim();
  if (said === undefined) return undefined;
  const key = quoted.exec(said)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? bare.exec(said)?.[0] ?? "";
  return requestKey(key, asked);
}

/**
 * A key that was said elsewhere than in the header.
 *
 * @throws RequestError `malformed-key`
 */
export function requestKey(key: string, { path, single, body }: Asked): RequestKey {
  if (key === "" || key.length > longest || !/^[\x20-\x7e]+$/.test(key)) {
    const message = `Idempotency-Key takes 1 to ${longest} characters of printable ASCII, with blanks only in quotation marks, and once; a UUID is best.`;
    throw new RequestError("malformed-key", message);
  }
  return { key, fingerprint: fingerprintOf([path, single, body]) };
}

/** An answer that was given before under the same key, marked as such; pages of other origins may read the mark. */
export function replayed(answer: Response, isReplay: boolean): Response {
  if (!isReplay) return answer;
  answer.headers.set("idempotent-replayed", "true");
  answer.headers.set("access-control-expose-headers", "Idempotent-Replayed");
  return answer;
}

/** The header in a route's description. */
export const keyParameter = {
  name: "Idempotency-Key",
  in: "header",
  schema: { type: "string", maxLength: longest + 2 },
  description:
    "A text of the client's own choice, best a UUID in quotation marks. Sent again with the same body, the request makes no " +
    "second task: it is answered as the first one.",
} as const;
