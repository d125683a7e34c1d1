import { lookup as resolve } from "node:dns/promises";
import { isIP } from "node:net";
import { RequestError } from "#/lib/errors.ts";
import { type Address, type ExchangeRequest, exchange } from "./exchange.ts";
import { isPrivateAddress } from "./private-address.ts";

/** What a request made on somebody else's behalf may do. */
export type FetchLimits = Readonly<{
  /** Largest answer in bytes, as it comes and when it is unpacked. */
  maxBytes: number;
  /** For everything together: finding the name, connecting, sending, the whole answer, and each redirect's again. */
  milliseconds: number;
  redirects: number;
  /** Private, loopback and link-local targets too: only where the operator said so. */
  allowPrivate: boolean;
}>;

export type OutgoingRequest = ExchangeRequest & Readonly<{ url: string }>;

export type FetchedAnswer = Readonly<{ status: number; contentType: string; body: Uint8Array }>;

/** Names to addresses; a parameter so that tests can answer for the DNS. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

const resolveAll: Resolve = (host) => resolve(host, { all: true, verbatim: true });

/**
 * An HTTP request to an address that a client chose. The name is resolved once, every address is checked, and the
 * connection goes to the address that was checked, so that a name cannot point elsewhere a moment later. Redirects
 * are followed by hand and checked the same way. When the time is over it ends, whatever it waits for.
 *
 * @throws RequestError `unreachable-url` with what was wrong: scheme, name, target, time, size, or connection
 */
export async function safeFetch(
  request: OutgoingRequest,
  limits: FetchLimits,
  resolver: Resolve = resolveAll,
): Promise<FetchedAnswer> {
  const over = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(unreachable(request.url, `it did not answer within ${limits.milliseconds / 1000} s`));
    over.abort();
  }, limits.milliseconds);
  try {
    // A name's answer cannot be called off, so it is not waited for: the time is ours, not that of any phase.
    return await Promise.race([followed(request, limits, resolver, over.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function followed(
  request: OutgoingRequest,
  limits: FetchLimits,
  resolver: Resolve,
  signal: AbortSignal,
): Promise<FetchedAnswer> {
  let current = request;
  for (let hop = 0; ; hop += 1) {
    const url = parseUrl(current.url);
    const address = await checkedAddress(url, limits, resolver);
    if (signal.aborted) throw unreachable(url.href, "the time for it is over");
    const answer = await exchanged(url, address, current, { maxBytes: limits.maxBytes, signal });
    if (answer.location === undefined) return answer;
    if (hop >= limits.redirects) {
      throw unreachable(
        current.url,
        limits.redirects === 0 ? "it redirects, which is not followed" : "it redirects too often",
      );
    }
    current = { url: redirected(url, answer.location), method: "GET" };
  }
}

async function exchanged(
  url: URL,
  address: Address,
  request: ExchangeRequest,
  limits: Parameters<typeof exchange>[3],
) {
  try {
    return await exchange(url, address, request, limits);
  } catch (thrown) {
    throw unreachable(url.href, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function redirected(from: URL, location: string): string {
  const to = URL.parse(location, from);
  if (to === null) throw unreachable(from.href, `it redirects to ${JSON.stringify(location.slice(0, 200))}`);
  return to.href;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw unreachable(text, "it is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw unreachable(text, "only http and https are fetched");
  if (url.username !== "" || url.password !== "")
    throw unreachable(text, "credentials in a URL are not sent");
  return url;
}

async function checkedAddress(url: URL, limits: FetchLimits, resolver: Resolve): Promise<Address> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  const addresses = family > 0 ? [{ address: host, family }] : await namesOf(url, host, resolver);
  if (!limits.allowPrivate && addresses.some(({ address }) => isPrivateAddress(address))) {
    throw unreachable(
      url.href,
      "it points into a private network; the operator can allow that (allow_private_fetch)",
    );
  }
  const first = addresses[0];
  if (first === undefined) throw unreachable(url.href, "its name has no address");
  return first;
}

async function namesOf(url: URL, host: string, resolver: Resolve): Promise<readonly Address[]> {
  try {
    return await resolver(host);
  } catch (cause) {
    throw unreachable(url.href, "its name cannot be resolved", cause);
  }
}

const unreachable = (url: string, reason: string, cause?: unknown): RequestError =>
  new RequestError(
    "unreachable-url",
    `The URL ${url.slice(0, 200)} was not fetched: ${reason}.`,
    { url: url.slice(0, 2000) },
    cause,
  );
