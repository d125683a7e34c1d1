import { statSync } from "node:fs";

/**
 * What tells one state of a file from another, also where it is gone. The time of its last change of state is in it,
 * beside what a header's own stamp has: a file that is made readable is looked at again.
 */
export function fileState(path: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return [dev, ino, size, mtimeMs, ctimeMs].join(":");
}
