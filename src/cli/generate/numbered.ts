import { basename, dirname, extname, join } from "node:path";

/** `a.png` as `a-2.png`. */
export function numbered(path: string, number: number | undefined): string {
  if (number === undefined) return path;
  const end = extname(path);
  return join(dirname(path), `${basename(path, end)}-${number}${end}`);
}
