import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { RequestError } from "#/lib/errors.ts";
import { isNothing } from "#/lib/nothing.ts";
import { isPrivateAddress } from "#/outgoing/private-address.ts";
import type { Resolve } from "#/outgoing/safe-address.ts";

/** Names are looked up while the rest of a request is looked at, and waited for no longer than this, in milliseconds. */
const patience = 200;

export type WebhookRules = Readonly<{
  /** The operator's own address, for requests that name none; it may be private. */
  own: string;
  /** Whether requests may name private addresses (`allow_private_fetch`). */
  allowPrivate: boolean;
  /** Names to addresses; the system's when left out. */
  resolve?: Resolve;
}>;

/** A request's address, and what to await before the request is taken. */
export type WebhookAddress = Readonly<{ url: string; checked: Promise<void> }>;

/**
 * Where a request wants its end posted, the operator's address if it names none. What can never be delivered is refused,
 * as for the address of an image: no http address, one with credentials, one in a private network. What a name stands
 * for is looked at too, if the system knows at once; whoever posts the webhook looks again.
 *
 * @throws RequestError `invalid-value` or `unreachable-url` with the field `webhook_url`; `checked` rejects with the same
 */
export function webhookAddress(said: string | null, rules: WebhookRules): WebhookAddress {
  if (said === null || isNothing(said) || said === rules.own)
    return { url: rules.own, checked: Promise.resolve() };
  const url = URL.parse(said);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refused(said, "invalid-value", "is no address that begins with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw refused(said, "invalid-value", "has credentials, which are not sent");
  if (rules.allowPrivate) return { url: said, checked: Promise.resolve() };
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isKnown = isIP(host) > 0;
  const isHere = host === "localhost" || host.endsWith(".localhost");
  if (isHere || (isKnown && isPrivateAddress(host))) throw isPrivate(said);
  const checked = isKnown ? Promise.resolve() : refusePrivateName(said, host, rules.resolve ?? systemNames);
  // It is awaited later, or never, if the request is refused for something else.
  checked.catch(() => undefined);
  return { url: said, checked };
}

const systemNames: Resolve = (host) => lookup(host, { all: true, verbatim: true });

async function refusePrivateName(said: string, host: string, resolve: Resolve): Promise<void> {
  // A name nobody knows now may be known when the task has ended.
  const known = resolve(host).catch(() => []);
  const addresses = await Promise.race([known, Bun.sleep(patience).then(() => [])]);
  if (addresses.some(({ address }) => isPrivateAddress(address))) throw isPrivate(said);
}

const isPrivate = (said: string): RequestError =>
  refused(
    said,
    "unreachable-url",
    "points into a private network; the operator can allow that (allow_private_fetch), or make it the server's own (webhook_url)",
  );

function refused(said: string, code: "invalid-value" | "unreachable-url", what: string): RequestError {
  const value = said.slice(0, 200);
  const message = `webhook_url ${what}: ${JSON.stringify(value)}.`;
  return new RequestError(code, message, { field: "webhook_url", value });
}
