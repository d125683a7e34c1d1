import type { Log } from "#/lib/log.ts";
import { type Refusal, refused } from "./refusal.ts";

/** What keeps web pages of others from using a server that anybody on this machine may use. */
export type BrowserGuard = Readonly<{
  on: boolean;
  /** Names in the Host header that are ours, beside addresses and localhost; lower-case, without port. */
  hosts: readonly string[];
  /** Web origins that may change something; `*` for all. */
  origins: readonly string[];
  /** Paths that change something although they are asked with GET. */
  changing?: readonly string[];
}>;

export type GuardSettings = Readonly<{
  browser_guard: "auto" | "on" | "off";
  api_keys: readonly string[];
  host: string;
  base_url: string;
  allowed_hosts: readonly string[];
  cors_origins: readonly string[];
}>;

/**
 * Left to itself, the guard is on where a browser on this machine is the only stranger who gets in: without a key, on a
 * loopback address. A key is a better guard, and who listens for others has opened the server on purpose.
 */
export function browserGuard(settings: GuardSettings): BrowserGuard {
  const { browser_guard, api_keys, host, base_url, allowed_hosts, cors_origins } = settings;
  const alone = api_keys.length === 0 && isLoopback(nameOf(host));
  const named = base_url === "" ? [] : [base_url.trim().replace(/^https?:\/\//i, "")];
  return {
    on: browser_guard === "on" || (browser_guard === "auto" && alone),
    hosts: [host, ...named, ...allowed_hosts].map(nameOf),
    origins: cors_origins,
  };
}

/** Whether others than this machine reach the server, and nobody has to say a key: its operator is warned. */
export const isOpenToAll = ({ host, api_keys }: Pick<GuardSettings, "host" | "api_keys">): boolean =>
  api_keys.length === 0 && !isLoopback(nameOf(host));

/**
 * The guard with its own sentence in the operator's log, the first time a page that was opened as a file is refused: to
 * its user the page does nothing, and only the operator can let it in.
 *
 * @returns as `crossSiteRefusal` does
 */
export function loggedGuard(guard: BrowserGuard, log: Log): (request: Request) => Refusal | undefined {
  const told = new Set<string>();
  return (request) => {
    const refusal = crossSiteRefusal(request, guard);
    const origin = request.headers.get("origin");
    if (refusal !== undefined && origin === "null" && !told.has(origin)) {
      told.add(origin);
      log.warn(fileRefusal, { path: new URL(request.url).pathname });
    }
    return refusal;
  };
}

/** The origin of a file is `null`, and so is that of a sandboxed frame on any page. */
const fileRefusal =
  'a web page that was opened as a file (Origin: null) was refused: "cors_origins": ["null"] in config.txt, or ' +
  "--cors-origins null, lets such pages in, and with them every page that puts itself into a sandbox; a key lets in " +
  "only those who have it";

/**
 * Refuses what only a web page of somebody else would send.
 *
 * The Host header must name this machine, or a page could point its own name at it (DNS rebinding) and read and write
 * as if it were ours. An address cannot be pointed elsewhere, so every address is fine. And what changes something must
 * not come from a page of another site; pages of this machine and of the host that was asked are no others.
 *
 * @returns the refusal, or undefined
 */
export function crossSiteRefusal(
  request: Request,
  { on, hosts, origins, changing = [] }: BrowserGuard,
): Refusal | undefined {
  if (!on) return undefined;
  const host = nameOf(request.headers.get("host") ?? "");
  if (host !== "" && !isLoopback(host) && !isAddress(host) && !hosts.includes(host)) {
    const way = "base_url or allowed_hosts names the hosts this server answers to";
    return refused(403, `The host ${JSON.stringify(host.slice(0, 200))} is not this server's: ${way}.`);
  }
  if (!changes(request, changing) || origins.includes("*")) return undefined;
  const origin = request.headers.get("origin");
  const foreign =
    origin === null
      ? request.headers.get("sec-fetch-site") === "cross-site"
      : !origins.includes(origin) && !isOwn(origin, [host, ...hosts]);
  if (!foreign) return undefined;
  const page = origin === "null" ? "a file (origin null)" : (origin ?? "another site");
  const way = "list its origin in cors_origins, set a key, or switch browser_guard off";
  return refused(403, `Pages of ${page} may not change anything here: ${way}.`);
}

/** Everything but looking; some lists delete when a query says so, and a WebSocket can do all. */
function changes(request: Request, changing: readonly string[]): boolean {
  if (request.method !== "GET" && request.method !== "HEAD" && request.method !== "OPTIONS") return true;
  if (request.headers.get("upgrade") !== null) return true;
  const { pathname, searchParams } = new URL(request.url);
  return searchParams.has("action") || searchParams.has("delete") || changing.includes(pathname);
}

function isOwn(origin: string, hosts: readonly string[]): boolean {
  const name = nameOf(origin.replace(/^[a-z][a-z0-9+.-]*:\/\//i, ""));
  return origin.includes("://") && (isLoopback(name) || hosts.includes(name));
}

/** The name in `name:port/path`, lower-case; brackets of an IPv6 address are dropped. */
function nameOf(place: string): string {
  const authority = place.toLowerCase().split("/")[0] ?? "";
  const bracketed = /^\[([^\]]*)\]/.exec(authority)?.[1];
  if (bracketed !== undefined) return bracketed;
  return authority.split(":").length > 2 ? authority : authority.replace(/:\d*$/, "");
}

const isLoopback = (name: string): boolean =>
  name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name);

const isAddress = (name: string): boolean => name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
