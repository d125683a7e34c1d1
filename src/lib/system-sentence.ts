/**
 * What the system refused, for whoever started a command: a file that may not be read, a name that is too long, a disk that does not
 * answer. Its own words name the path and the reason.
 *
 * @returns undefined for what is no refusal of the file system
 */
export function systemSentence(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown) || !("syscall" in thrown) || !("path" in thrown))
    return undefined;
  if (typeof thrown.path !== "string") return undefined;
  return `${thrown.path} cannot be used here: ${thrown.message}.${way(thrown.code)}`;
}

const way = (code: unknown): string =>
  code === "EACCES" || code === "EPERM"
    ? " Give this user the right to it, or run the command as the one it belongs to."
    : "";
