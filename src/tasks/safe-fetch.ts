import { lookup as resolve } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { BlockList, isIP } from "node:net";
import { RequestError } from "#/lib/errors.ts";

/** What a request made on somebody else's behalf may do. */
export type FetchLimits = Readonly<{
  /** Largest answer in bytes. */
  maxBytes: number;
  /** For the whole exchange, redirects included. */
  milliseconds: number;
  redirects: number;
  /** Private, loopback and link-local targets too: only where the operator said so. */
  allowPrivate: boolean;
}>;

export type OutgoingRequest = Readonly<{
  url: string;
  method: "GET" | "POST";
  headers?: Readonly<Record<string, string>>;
  body?: string;
}>;

export type FetchedAnswer = Readonly<{ status: number; contentType: string; body: Uint8Array }>;

type Address = Readonly<{ address: string; family: number }>;

/** Names to addresses; a parameter so that tests can answer for the DNS. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

/** Addresses that are nobody's public server (IANA special-purpose registries). */
const privateRanges: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.88.99.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["100::", 64, "ipv6"],
  ["2001::", 23, "ipv6"],
  ["2001:db8::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];
const privateList = new BlockList();
for (const [net, bits, family] of privateRanges) privateList.addSubnet(net, bits, family);

/** Whether an address belongs to this machine, this network, or nobody. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::(?:ffff:)?(?:0:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? hexMapped(address);
  if (mapped !== undefined) return isPrivateAddress(mapped);
  const family = isIP(address);
  if (family === 0) return true;
  return privateList.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** `::ffff:7f00:1` is 127.0.0.1 too. */
function hexMapped(address: string): string | undefined {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (match === null) return undefined;
  const high = Number.parseInt(match[1] ?? "", 16);
  const low = Number.parseInt(match[2] ?? "", 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

const resolveAll: Resolve = (host) => resolve(host, { all: true, verbatim: true });

/**
 * An HTTP request to an address that a client chose. The name is resolved once, every address is checked, and the
 * connection goes to the address that was checked, so that a name cannot point elsewhere a moment later. Redirects
 * are followed by hand and checked the same way.
 *
 * @throws RequestError `unreachable-url` with what was wrong: scheme, name, target, time, size, or connection
 */
export async function safeFetch(
  request: OutgoingRequest,
  limits: FetchLimits,
  resolver: Resolve = resolveAll,
): Promise<FetchedAnswer> {
  const signal = AbortSignal.timeout(limits.milliseconds);
  let current = request;
  for (let hop = 0; ; hop += 1) {
    const url = parseUrl(current.url);
    const address = await checkedAddress(url, limits, resolver);
    const answer = await exchange(url, address, current, limits, signal);
    if (answer.location === undefined) return answer;
    if (hop >= limits.redirects) {
      throw unreachable(
        current.url,
        limits.redirects === 0 ? "it redirects, which is not followed" : "it redirects too often",
      );
    }
    current = { url: new URL(answer.location, url).href, method: "GET" };
  }
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

type RawAnswer = FetchedAnswer & { readonly location?: string };

function exchange(
  url: URL,
  address: Address,
  request: OutgoingRequest,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<RawAnswer> {
  return new Promise((fulfil, reject) => {
    const fail = (reason: string, cause?: unknown): void => reject(unreachable(url.href, reason, cause));
    const client = url.protocol === "https:" ? https : http;
    const outgoing = client.request(
      url,
      {
        method: request.method,
        headers: { "user-agent": "fooocusd", accept: "*/*", ...request.headers },
        signal,
        lookup: (_host, options, done) => {
          if (options.all === true) done(null, [{ ...address }]);
          else done(null, address.address, address.family);
        },
      },
      (incoming) => {
        const status = incoming.statusCode ?? 0;
        const location = status >= 300 && status < 400 ? incoming.headers.location : undefined;
        const contentType = incoming.headers["content-type"] ?? "";
        if (location !== undefined) {
          incoming.resume();
          return fulfil({ status, contentType, body: new Uint8Array(), location });
        }
        const chunks: Uint8Array[] = [];
        let size = 0;
        incoming.on("data", (chunk: Uint8Array) => {
          size += chunk.byteLength;
          chunks.push(chunk);
          if (size <= limits.maxBytes) return;
          fail(`it is larger than ${limits.maxBytes} bytes`);
          outgoing.destroy();
        });
        incoming.on("end", () => fulfil({ status, contentType, body: Buffer.concat(chunks) }));
        incoming.on("error", (cause) => fail("the connection broke", cause));
      },
    );
    outgoing.on("error", (cause) =>
      fail(signal.aborted ? "it did not answer in time" : "no connection", cause),
    );
    outgoing.end(request.body);
  });
}

const unreachable = (url: string, reason: string, cause?: unknown): RequestError =>
  new RequestError(
    "unreachable-url",
    `The URL ${url.slice(0, 200)} was not fetched: ${reason}.`,
    { url },
    cause,
  );
