/** The address of a picture of this server on the host this page came from, whatever name the server thinks it has. */
export function localUrl(url: string): string {
  const at = url.search(/\/(outputs|inputs|thumbnails)\//);
  return at < 0 ? url : url.slice(at + 1);
}

/** The file's name in an address. */
export const nameOf = (address: string): string => address.split("/").at(-1) ?? address;
