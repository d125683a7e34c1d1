import { RequestError } from "#/lib/errors.ts";

/** @param reason why an address was not asked, to be put behind "was not fetched:" */
export const unreachable = (url: string, reason: string, cause?: unknown): RequestError =>
  new RequestError(
    "unreachable-url",
    `The URL ${url.slice(0, 200)} was not fetched: ${reason}.`,
    { url: url.slice(0, 2000) },
    cause,
  );

/**
 * A text as an address that may be asked.
 *
 * @throws RequestError `unreachable-url`
 */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw unreachable(text, "it is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw unreachable(text, "only http and https are fetched");
  if (url.username !== "" || url.password !== "")
    throw unreachable(text, "credentials in a URL are not sent");
  return url;
}
