import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { EngineError } from "#/lib/errors.ts";

/**
 * Takes the unfinished file of a path for this process, so that a server and a command do not write into the same one. What a
 * process left that is gone counts for nothing.
 *
 * @returns gives it back
 * @throws EngineError `bad-setting` while another process fetches it, `storage-failed` where nothing can be written
 */
export function claimPart(path: string): () => void {
  const claim = `${path}.part.lock`;
  const holder = holderOf(claim);
  if (holder !== undefined && existsSync(`/proc/${holder}`)) {
    const message = `${path} is being fetched already, by process ${holder}; wait for it, or stop it.`;
    throw new EngineError("bad-setting", message, { path });
  }
  try {
    rmSync(claim, { force: true });
    writeFileSync(claim, `${process.pid}\n`, { flag: "wx" });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("storage-failed", `${claim} cannot be written: ${reason}.`, { path }, cause);
  }
  return () => rmSync(claim, { force: true });
}

function holderOf(claim: string): number | undefined {
  try {
    const pid = Number(readFileSync(claim, "utf8"));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
