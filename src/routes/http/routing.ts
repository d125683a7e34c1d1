import { type Refusal, refused } from "./refusal.ts";

/** A route as it is declared, path parameters written `:name`. */
export type Declared = Readonly<{ method: string; path: string }>;

/**
 * Routing as FastAPI does it, before the key and the body are looked at: a path that is there under another method is
 * a 405 that names the right ones; one that is there with or without its last slash is a 307 to it; else 404.
 *
 * @param base start of the addresses that clients are given, if the operator named one: a proxy may have other paths
 * @returns the way there, a refusal, or undefined when a route takes the request
 */
export function unrouted(
  request: Request,
  declared: readonly Declared[],
  base?: string,
): Refusal | Response | undefined {
  const { pathname, search, host } = new URL(request.url);
  // A name that is no UTF-8 names nothing; the router would hand on no name at all.
  if (!isText(pathname)) return notFound;
  const methods = methodsOf(pathname, declared);
  if (methods.includes(request.method)) return undefined;
  if (methods.length > 0) return refused(405, "Method Not Allowed", { allow: methods.join(", ") });
  const other = pathname.endsWith("/") ? pathname.replace(/(?<!\/)\/+$/, "") : `${pathname}/`;
  if (pathname === "/" || methodsOf(other, declared).length === 0) return notFound;
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

/** The routes of a path, whatever their method. */
export function routesAt<T extends Declared>(pathname: string, declared: readonly T[]): readonly T[] {
  const given = pathname.split("/");
  return declared.filter(({ path }) => matches(path.split("/"), given));
}

function methodsOf(pathname: string, declared: readonly Declared[]): readonly string[] {
  const methods = routesAt(pathname, declared).map(({ method }) => method);
  // A WebSocket begins as a GET.
  return [...new Set(methods.map((method) => (method === "WS" ? "GET" : method)))];
}

const matches = (wanted: readonly string[], given: readonly string[]): boolean =>
  wanted.length === given.length &&
  wanted.every((part, i) => (part.startsWith(":") ? given[i] !== "" : part === given[i]));
