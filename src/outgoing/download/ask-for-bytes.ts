import { DownloadFault, reasonOf } from "./download-fault.ts";
import { shownAddress } from "./shown-address.ts";

/** An answer whose body is still to be read, and what the way to it said of the file. */
export type ByteAnswer = Readonly<{
  response: Response;
  /** Hugging Face names a file's SHA-256 (as a quoted tag) where it sends on to its store. */
  linkedHash?: string;
}>;

const mostRedirects = 10;

/**
 * Asks for a file, or for its rest. Redirects are followed by hand: the address that was given stays the one that is asked, since
 * those it leads to expire.
 *
 * @throws DownloadFault
 */
export async function askForBytes(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ByteAnswer> {
  let url = webAddress(address, undefined);
  let linkedHash: string | undefined;
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const response = await fetched(url, headers, signal);
    linkedHash ??= /^"?([0-9a-f]{64})"?$/.exec(response.headers.get("x-linked-etag") ?? "")?.[1];
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null)
      return { response, ...(linkedHash === undefined ? {} : { linkedHash }) };
    await response.body?.cancel();
    url = webAddress(location, url);
  }
  throw new DownloadFault("refused", `${shownAddress(address)} redirects too often.`);
}

async function fetched(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    const own = { "user-agent": "fooocusd", accept: "*/*", "accept-encoding": "identity" };
    return await fetch(url, { redirect: "manual", headers: { ...own, ...headers }, signal });
  } catch (cause) {
    const message = `${shownAddress(url.href)} was not reached: ${reasonOf(cause)}.`;
    throw new DownloadFault("broken", message, cause);
  }
}

/** @param from what redirected there */
function webAddress(address: string, from: URL | undefined): URL {
  const url = URL.parse(address, from?.href);
  const shown = shownAddress(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new DownloadFault("refused", `${shown} is not fetched: only http and https are.`);
  if (url.username !== "" || url.password !== "")
    throw new DownloadFault(
      "refused",
      `${shownAddress(url.href)} is not fetched: its address holds a name or a password.`,
    );
  if (from?.protocol === "https:" && url.protocol === "http:")
    throw new DownloadFault(
      "refused",
      `${shownAddress(from.href)} leads from https to http, which is not followed.`,
    );
  return url;
}
