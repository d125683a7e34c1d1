import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of our own, and what removes it with everything in it. */
export type TemporaryFolder = Readonly<{ path: string; remove: () => void }>;

/** Makes a folder that goes at the latest when the process exits, in whatever way but a kill. */
export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `fooocusd-${name}-`));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return { path, remove };
}
