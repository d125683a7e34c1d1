/** An address for people and logs: without what may be a key in it (user, password, query). */
export function shownAddress(address: string): string {
  const url = URL.parse(address);
  return url === null ? address.slice(0, 200) : `${url.origin}${url.pathname}`;
}
