/** An address for people and logs: without what may be a key in it (user, password, query). */
export function shownAddress(address: string): string {
  const url = URL.parse(address);
  if (url === null) return address.slice(0, 200);
  // What is no web address has no origin that could be told.
  return `${url.origin === "null" ? `${url.protocol}//` : url.origin}${url.pathname}`;
}
