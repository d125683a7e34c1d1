import { realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { EngineError } from "#/lib/errors.ts";

/** A folder with a page of the operator's own. */
export type WebFolder = Readonly<{
  /**
   * The file that the rest of an address means, percent-encoded as it came: "" and whatever ends in a slash mean an
   * `index.html`. The folder is looked at each time, so what changes in it is seen at once.
   *
   * @returns its path, or undefined: for what is not there, what begins with a dot (`.env`, `.git`, `..`), and what a
   *   link has outside the folder
   */
  find: (name: string) => string | undefined;
}>;

/**
 * Opens the folder that `web_dir` names.
 *
 * @throws EngineError `bad-setting` when it holds no `index.html`
 */
export function openWebFolder(folder: string): WebFolder {
  const find = (name: string) => findIn(folder, name);
  if (find("") !== undefined) return { find };
  const message = `web_dir names the folder ${folder}, which holds no index.html; the page's first file has that name.`;
  throw new EngineError("bad-setting", message, { key: "web_dir" });
}

function findIn(folder: string, name: string): string | undefined {
  const wanted = name === "" || name.endsWith("/") ? `${name}index.html` : name;
  const parts = wanted.split("/").map(decodeURIComponent);
  if (!parts.every(isPlain)) return undefined;
  try {
    const root = realpathSync(folder);
    const path = realpathSync(join(root, ...parts));
    return path.startsWith(root + sep) && statSync(path).isFile() ? path : undefined;
  } catch {
    // Not there, or not to be read: for whoever asks that is one.
    return undefined;
  }
}

/** One file's or folder's name, and none that its owner hid. */
const isPlain = (part: string): boolean => part !== "" && !part.startsWith(".") && !/[/\\\0]/.test(part);
