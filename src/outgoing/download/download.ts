import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { claimPart } from "./claim-part.ts";
import { DownloadFault, type FaultKind } from "./download-fault.ts";
import { PartFile } from "./part-file.ts";
import { refuseWithoutRoom } from "./room.ts";
import { shownAddress } from "./shown-address.ts";
import { transfer } from "./transfer.ts";

/** What is fetched, and what is known of it beforehand. */
export type Wanted = Readonly<{
  /** http or https. */
  address: string;
  /** Where it is put: it appears there whole, or not at all. */
  path: string;
  bytes?: number;
  /** Lower-case hex digits. */
  sha256?: string;
}>;

/** How patiently. */
export type Patience = Readonly<{
  /** Tries in a row that bring no new byte. */
  tries: number;
  /** Before the second of them; doubled each time, up to half a minute. */
  pauseMs: number;
  /** Without a byte, until a connection counts as broken. */
  silentMs: number;
}>;

/** The patience of a command and of a server. */
export const usualPatience: Patience = { tries: 6, pauseMs: 1000, silentMs: 60_000 };

/** Who hears how it goes. */
export type Watcher = Readonly<{
  /** Bytes that are there, and how many there will be where that is known. */
  progress: (there: number, total: number | undefined) => void;
  /** Once, before the first byte is fetched: how many there will be, where its server says it. */
  begins?: (total: number | undefined) => void;
  /** A sentence about something that went wrong and is tried again. */
  note: (sentence: string) => void;
}>;

/** What a download is made with. */
export type DownloadParts = Watcher &
  Readonly<{
    patience?: Patience;
    signal?: AbortSignal;
    /** Looks at the whole file before it gets its name; a sentence says why it is not what was wanted. */
    refuse?: (path: string) => string | undefined;
  }>;

/**
 * Fetches a file. It grows as `<path>.part`, goes on there after an interruption, also of this process, if the server still has the
 * same file, and is renamed when it is whole and what it should be.
 *
 * @returns SHA-256 of the file
 * @throws DownloadFault when the server will not give it, or gives something else
 * @throws EngineError `storage-failed` without room, or where it cannot be written
 */
export async function download(wanted: Wanted, parts: DownloadParts): Promise<string> {
  makeFolder(wanted.path);
  const release = claimPart(wanted.path);
  try {
    const part = PartFile.open(wanted.path, wanted.address);
    await fetchAll(wanted, part, parts);
    const sha256 = await checked(wanted, part, parts);
    renameSync(part.path, wanted.path);
    part.forget();
    return sha256;
  } finally {
    release();
  }
}

function makeFolder(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The folder ${folder} cannot be made: ${reason}. --models names another one.`;
    throw new EngineError("storage-failed", message, { path }, cause);
  }
}

/** Tries until the file is whole, as long as each few tries bring something. */
async function fetchAll(wanted: Wanted, part: PartFile, parts: DownloadParts): Promise<void> {
  const { patience = usualPatience, signal } = parts;
  // What begins anew again and again comes no further, whatever it sends.
  let furthest = part.received;
  const once = announced(parts);
  for (let fruitless = 0; ; ) {
    const fault = await attempt(wanted, part, once);
    if (fault === undefined) return;
    fruitless = part.received > furthest ? 1 : fruitless + 1;
    furthest = Math.max(furthest, part.received);
    refuseInterrupted(wanted, signal);
    if (!isPassing[fault.kind] || fruitless >= patience.tries) throw fault;
    parts.note(`${fault.message} It is tried again.`);
    await pause(Math.min(30_000, patience.pauseMs * 2 ** (fruitless - 1)), signal);
    refuseInterrupted(wanted, signal);
  }
}

/** Of several connections the first that is answered says how large the file is. */
function announced({ begins, ...parts }: DownloadParts): DownloadParts {
  let isSaid = false;
  return {
    ...parts,
    begins: (total) => {
      if (!isSaid) begins?.(total);
      isSaid = true;
    },
  };
}

/** Whether another try may end otherwise. */
const isPassing: Readonly<Record<FaultKind, boolean>> = {
  broken: true,
  busy: true,
  refused: false,
  "other-file": false,
  interrupted: false,
};

/** One connection. What is thrown by the disk goes on. */
async function attempt(
  wanted: Wanted,
  part: PartFile,
  { progress, begins, patience = usualPatience, signal }: DownloadParts,
): Promise<DownloadFault | undefined> {
  try {
    await transfer(wanted, part, {
      progress,
      silentMs: patience.silentMs,
      ...(signal === undefined ? {} : { signal }),
      ...(begins === undefined ? {} : { begins }),
      roomFor: (bytes) => refuseWithoutRoom(wanted.path, bytes),
    });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof DownloadFault) return thrown;
    throw thrown;
  }
}

/** The whole file against what is known of it; what is not it is taken away. */
async function checked(wanted: Wanted, part: PartFile, { refuse }: DownloadParts): Promise<string> {
  const sha256 = await part.hash();
  const expected = wanted.sha256 ?? part.promisedHash;
  const wrong =
    expected !== undefined && sha256 !== expected
      ? `its SHA-256 is ${sha256} and should be ${expected}`
      : refuse?.(part.path);
  if (wrong === undefined) return sha256;
  part.discard();
  throw new DownloadFault("other-file", `${shownAddress(wanted.address)} is not what was wanted: ${wrong}.`);
}

function refuseInterrupted({ path }: Wanted, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const isKept = existsSync(`${path}.part`);
  const message = isKept
    ? `Interrupted; ${path}.part is kept, and the next try goes on there.`
    : "Interrupted.";
  throw new DownloadFault("interrupted", message);
}

/** A pause that an interruption ends. */
const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((fulfil) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      fulfil();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
