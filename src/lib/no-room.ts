/** What the system answers where a disk is full, or what one user may have of it. */
const codes: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** Whether a write failed for want of room, however often its error was wrapped. */
export function isNoRoom(thrown: unknown): boolean {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if ("code" in at && codes.includes(at.code)) return true;
  }
  return false;
}

/** The code of a failed write: `disk-full` where making room mends it. */
export const writeFailure = (cause: unknown): "disk-full" | "storage-failed" =>
  isNoRoom(cause) ? "disk-full" : "storage-failed";
