import { lookup as resolve } from "node:dns/promises";
import { isIP } from "node:net";
import type { Address } from "./exchange.ts";
import { isPrivateAddress } from "./private-address.ts";
import { unreachable } from "./unreachable.ts";

/** Names to addresses; a parameter so that tests can answer for the DNS. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

/** As the system resolves them. */
export const resolveAll: Resolve = (host) => resolve(host, { all: true, verbatim: true });

/**
 * The address behind a URL's name, once every address of the name was checked.
 *
 * @param allowPrivate private, loopback and link-local addresses too
 * @throws RequestError `unreachable-url`
 */
export async function safeAddress(url: URL, allowPrivate: boolean, resolver: Resolve): Promise<Address> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  const addresses = family > 0 ? [{ address: host, family }] : await namesOf(url, host, resolver);
  if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address))) {
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
