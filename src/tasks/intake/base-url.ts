/** Where a server listens, and what its operator calls it. */
export type PublicAddress = Readonly<{ base_url: string; host: string; port: number }>;

/**
 * Start of the addresses that clients are given, without a slash at the end. The operator's name may be a URL (used as
 * it is, a path included), `host:port`, or a host that gets our port; without one it is where we listen.
 */
export function publicBase({ base_url, host, port }: PublicAddress): string {
  const named = base_url.trim().replace(/\/+$/, "");
  if (/^https?:\/\//i.test(named)) return named;
  if (named !== "") return `http://${hasPort(named) ? named : `${bracketed(named)}:${port}`}`;
  const everywhere = host === "0.0.0.0" || host === "::";
  return `http://${everywhere ? "127.0.0.1" : bracketed(host)}:${port}`;
}

/**
 * What the operator should know of the addresses that clients will be given, told at the start: whoever copies one from a
 * log or a webhook wonders why it does not open elsewhere.
 */
export function addressNote(place: PublicAddress): string {
  const base = publicBase(place);
  if (place.base_url.trim() !== "") return `addresses of pictures begin with ${base}`;
  return `addresses of pictures begin with the name that each client asks under; webhooks are given ${base} (base_url names another)`;
}

const hasPort = (name: string): boolean => /^(\[.*\]|[^:]+):\d+(\/|$)/.test(name);

/** An IPv6 address needs brackets before a port. */
const bracketed = (host: string): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

/** A file of this server: its folder of the two, and its name below it. */
export type OwnFile = Readonly<
  { kind: "input"; name: string } | { kind: "output"; folder: string; name: string }
>;

/** What of ours a URL means, if it begins with one of our bases; such a URL is read from disk, not fetched. */
export function ownFileOf(url: string, bases: readonly string[]): OwnFile | undefined {
  const base = bases.find((candidate) => url.startsWith(`${candidate}/`));
  if (base === undefined) return undefined;
  const [kind, ...rest] = url
    .slice(base.length + 1)
    .replace(/[?#].*$/s, "")
    .split("/");
  const [first, second, ...more] = rest.map(decoded);
  if (first === undefined || more.length > 0) return undefined;
  if (kind === "inputs" && second === undefined) return { kind: "input", name: first };
  if ((kind === "outputs" || kind === "files") && second !== undefined)
    return { kind: "output", folder: first, name: second };
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
