import { basename, dirname } from "node:path";
import { diskOf } from "#/lib/disk-of.ts";
import { EngineError } from "#/lib/errors.ts";

const diskFull = "its disk is full; make room there";

/** What SQLite's codes (https://www.sqlite.org/rescode.html) mean for whoever runs the server: what is wrong, and the way out. */
const reasons: readonly (readonly [code: RegExp, reason: string])[] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    "another program keeps it locked; end that program (a backup, or an open sqlite3)",
  ],
  [/^SQLITE_FULL/, diskFull],
  [/^SQLITE_READONLY/, "it may not be written; let this user write the file and its folder"],
  [
    /^SQLITE_(CORRUPT|NOTADB)/,
    "the file is damaged or no SQLite database; with the server stopped, move it away together with its -wal and -shm " +
      "to begin an empty history, or put a copy in its place (sqlite3's .recover saves what can be read)",
  ],
];

/** Bytes; a history's shared memory alone takes 32 KiB. */
const leastRoom = 64 * 1024;

/**
 * The error for a history that cannot do what it should.
 *
 * @param said what could not be done, as the beginning of a sentence
 * @returns code `disk-full`; `storage-away`, with `details.busy`, where another program is in the way, which passes; else
 *   `storage-failed`
 */
export function historyError(path: string, said: string, cause: unknown): EngineError {
  if (isKeyTaken(cause)) return cause;
  const code = codeOf(cause);
  const words = wordsOf(cause);
  const known = reasons.find(([pattern]) => pattern.test(code))?.[1] ?? hiddenReason(code, path);
  const reason = known === undefined ? words : `${known} (${words})`;
  const busy = isBusyCode(code);
  const kind = busy ? "storage-away" : known === diskFull ? "disk-full" : "storage-failed";
  return new EngineError(kind, `${said}: ${reason}.`, { path, busy }, cause);
}

/** Whether a write to this file failed because its disk is full. */
export function isFull(path: string, thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code.startsWith("SQLITE_FULL") || hiddenReason(code, path) === diskFull;
}

/** The files beside the history find no room either, which SQLite calls an error of the disk. */
function hiddenReason(code: string, path: string): string | undefined {
  if (!/^SQLITE_(IOERR|CANTOPEN)/.test(code)) return undefined;
  const disk = diskOf(dirname(path));
  return disk !== undefined && disk.free < leastRoom ? diskFull : undefined;
}

/** Whether a write failed only because another program is writing: it works when that is done. */
export const isBusy = (thrown: unknown): boolean =>
  thrown instanceof EngineError && thrown.code === "storage-away" && thrown.details["busy"] === true;

/** The error of a task that cannot be inserted since its key is another's by now: of one that came to another server, say. */
export const keyTaken = (): EngineError =>
  new EngineError(
    "storage-away",
    "Another request came with this Idempotency-Key at the same moment; send it again to be told of its task.",
    { keyTaken: true, busy: false },
  );

/** Whether an insertion failed only because another task has the key: what that one is, the history knows. */
export const isKeyTaken = (thrown: unknown): thrown is EngineError =>
  thrown instanceof EngineError && thrown.details["keyTaken"] === true;

/** What clients see of the file. */
export const named = (path: string): string => `the history ${basename(path)}`;

const isBusyCode = (code: string): boolean => /^SQLITE_(BUSY|LOCKED)/.test(code);

/** SQLite's code, however often its error was wrapped. */
function codeOf(thrown: unknown): string {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && at.code.startsWith("SQLITE_")) return at.code;
  }
  return "";
}

function wordsOf(thrown: unknown): string {
  let at = thrown;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return (at instanceof Error ? at.message : String(at)).replace(/[.\s]+$/, "");
}
