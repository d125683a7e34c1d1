/** A result's address on the host this page came from, whatever name the server thinks it has. */
export function localUrl(url: string): string {
  const at = url.indexOf("/outputs/");
  return at < 0 ? url : url.slice(at + 1);
}
