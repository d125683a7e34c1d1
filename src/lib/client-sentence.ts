import { isRequestCode, type WireError } from "./errors.ts";

/**
 * An error's sentence as clients may read it: files are called by their base names, since where they lie on the server is
 * nobody's business but the log's. What a request was refused for names what the request named, and stays as it is.
 *
 * Paths are those that the details hold, and whatever looks like an absolute path: the words of the system and of native
 * libraries are in these sentences too. The server that keeps the pictures is nobody's business either.
 */
export function clientSentence({ code, message, details }: WireError): string {
  if (isRequestCode(code)) return message;
  const known = Object.entries(details)
    // A name is what the API lists.
    .flatMap(([key, value]) => (key === "name" || value === null ? [] : value))
    .filter((value) => typeof value === "string")
    .filter((text) => text.includes("/") && message.includes(text))
    .sort((a, b) => b.length - a.length);
  const host = details["bucketHost"];
  const said = typeof host === "string" && host !== "" ? message.replaceAll(host, "its server") : message;
  const named = known.reduce((text, path) => text.replaceAll(path, baseOf(path)), said);
  return named
    .replace(quotedPath, (_whole, quote: string, path: string) => quote + baseOf(path) + quote)
    .replace(barePath, baseOf);
}

const baseOf = (path: string): string => path.replace(/\/+$/, "").replace(/^[\s\S]*\//, "") || "/";

/** As systems write them, with whatever the name holds. */
const quotedPath = /(['"`])(\/[^'"`\n]+)\1/g;

/** Blanks only within a folder's name; an address (`http://...`) and a fraction (`1/2`) are none. */
const barePath = /(?<![\w.:/-])\/(?:[^\s/'"`(),;:]+(?: [^\s/'"`(),;:]+)*\/)+[^\s/'"`(),;:]*/g;
