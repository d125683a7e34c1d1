import { type Address, type ExchangeRequest, exchange } from "./exchange.ts";
import { type Resolve, resolveAll, safeAddress } from "./safe-address.ts";
import { parseUrl, unreachable } from "./unreachable.ts";

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
    const address = await safeAddress(url, limits.allowPrivate, resolver);
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
