import { mayRead } from "#/routes/http/cors.ts";

/**
 * Why a web page may not ask here, or nothing. The protocol wants every `Origin` looked at, also where the browser guard is
 * off: a page that may not read our answers may not ask either, since a picture is made before the answer is withheld. What
 * passes a host's name off as ours is the guard's to find, for all routes alike.
 *
 * @param allowed `cors_origins`; an empty list allows all
 */
export function originRefusal({ headers }: Request, allowed: readonly string[]): string | undefined {
  const origin = headers.get("origin");
  if (origin === null || mayRead(origin, allowed)) return undefined;
  const isOwn = URL.canParse(origin) && new URL(origin).host === headers.get("host");
  if (isOwn) return undefined;
  return `Pages of ${origin.slice(0, 200)} may not ask here: list the origin in cors_origins.`;
}
