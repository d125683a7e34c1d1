import { type Refusal, refused } from "./refusal.ts";

/** A route as it is declared, path parameters written `:name`, and `*` at the end for all that lies below. */
export type Declared = Readonly<{ method: string; path: string }>;

/** The routes of a path, whatever their method; those that name it as it is before those with parameters. */
export type RoutesAt<T extends Declared = Declared> = (pathname: string) => readonly T[];

/**
 * Routing as FastAPI does it, before the key and the body are looked at: a path that is there under another method is
 * a 405 that names the right ones; one that is there with or without its last slash is a 307 to it; else 404.
 *
 * @param routesAt of {@link routeTable}
 * @param base start of the addresses that clients are given, if the operator named one: a proxy may have other paths
 * @returns the way there, a refusal, or undefined when a route takes the request
 */
export function unrouted(
  request: Request,
  routesAt: RoutesAt,
  base?: string,
): Refusal | Response | undefined {
  const { pathname, search, host } = new URL(request.url);
  // A name that is no UTF-8 names nothing; the router would hand on no name at all.
  if (!isText(pathname)) return notFound;
  const methods = methodsOf(routesAt(pathname));
  if (methods.includes(request.method)) return undefined;
  if (methods.length > 0) return refused(405, "Method Not Allowed", { allow: methods.join(", ") });
  const other = pathname.endsWith("/") ? pathname.replace(/(?<!\/)\/+$/, "") : `${pathname}/`;
  if (pathname === "/" || methodsOf(routesAt(other)).length === 0) return notFound;
  const start = base ?? `${schemeOf(request)}://${request.headers.get("host") ?? host}`;
  const location = `${start}${other}${search}`;
  return new Response(null, { status: 307, headers: { location, "content-length": "0" } });
}

/** There is no such route. */
export const notFound = refused(404, "Not Found");

function isText(pathname: string): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    return false;
  }
}

/** A proxy that ends TLS says so; without it, following the redirect would leave TLS. */
const schemeOf = ({ headers }: Request): string =>
  headers.get("x-forwarded-proto")?.split(",")[0]?.trim() === "https" ? "https" : "http";

/**
 * Finds the routes of a path. Most are plain paths, which are looked up; the others are compared, once for all that is asked of one
 * request: its path is asked for several times in a row.
 *
 * @param declared all routes, once the first path is asked for
 */
export function routeTable<T extends Declared>(declared: readonly T[]): RoutesAt<T> {
  let plain: ReadonlyMap<string, readonly T[]> | undefined;
  let others: readonly Readonly<{ wanted: readonly string[]; route: T }>[] = [];
  let last: Readonly<{ pathname: string; found: readonly T[] }> | undefined;
  return (pathname) => {
    if (last?.pathname === pathname) return last.found;
    if (plain === undefined) {
      const hasNames = ({ path }: Declared): boolean => /[:*]/.test(path);
      plain = Map.groupBy(
        declared.filter((route) => !hasNames(route)),
        ({ path }) => path,
      );
      others = declared.filter(hasNames).map((route) => ({ wanted: route.path.split("/"), route }));
    }
    const given = pathname.split("/");
    const open = others.filter(({ wanted }) => matches(wanted, given)).map(({ route }) => route);
    last = { pathname, found: [...(plain.get(pathname) ?? []), ...open] };
    return last.found;
  };
}

function methodsOf(routes: readonly Declared[]): readonly string[] {
  // A WebSocket begins as a GET.
  return [...new Set(routes.map(({ method }) => (method === "WS" ? "GET" : method)))];
}

function matches(wanted: readonly string[], given: readonly string[]): boolean {
  if (wanted.at(-1) === "*") return given.length >= wanted.length && same(wanted.slice(0, -1), given);
  return wanted.length === given.length && same(wanted, given);
}

/** Whether a path begins like this. */
const same = (wanted: readonly string[], given: readonly string[]): boolean =>
  wanted.every((part, i) => (part.startsWith(":") ? given[i] !== "" : part === given[i]));
