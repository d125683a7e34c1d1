import { askForBytes, type ByteAnswer } from "./ask-for-bytes.ts";
import type { Wanted } from "./download.ts";
import { DownloadFault, reasonOf } from "./download-fault.ts";
import type { Identity, PartFile } from "./part-file.ts";
import { shownAddress } from "./shown-address.ts";

/** What a connection is made with. */
export type TransferParts = Readonly<{
  progress: (there: number, total: number | undefined) => void;
  /** Throws where so many more bytes have no room. */
  roomFor: (bytes: number) => void;
  /** Hears how large the file is, before anything of it is read. */
  begins?: (total: number | undefined) => void;
  silentMs: number;
  signal?: AbortSignal;
}>;

/**
 * Asks once for what is missing of a file and writes what comes. A rest is only taken of the very file that the beginning is of
 * (`If-Range`, and the tags compared): a server that has another one by now, or knows no ranges, sends it from its beginning.
 *
 * @throws DownloadFault, with what came until then kept
 * @throws EngineError from the disk
 */
export async function transfer(wanted: Wanted, part: PartFile, parts: TransferParts): Promise<void> {
  const start = beginning(wanted, part);
  const total = part.identity.total ?? wanted.bytes;
  if (start > 0 && start === total) return;
  const silence = new AbortController();
  const signal =
    parts.signal === undefined ? silence.signal : AbortSignal.any([parts.signal, silence.signal]);
  const timer = setTimeout(() => silence.abort(new Error("nothing came for a while")), parts.silentMs);
  try {
    const answer = await askForBytes(wanted.address, rangeHeaders(start, part), signal);
    if (answer.response.status === 416 && start > 0) return ofNoRange(wanted, part, answer.response);
    const identity = accepted(wanted, part, answer, start);
    const whole = identity.total ?? wanted.bytes;
    const isRest = answer.response.status === 206 && start > 0;
    parts.begins?.(whole);
    parts.roomFor(Math.max(0, (whole ?? 0) - (isRest ? start : 0)));
    if (!isRest) part.startOver(identity);
    parts.progress(part.received, whole);
    await part.append(piecesOf(wanted, answer.response, timer), (received) =>
      parts.progress(received, whole),
    );
    refuseWrongEnd(wanted, part, whole);
  } finally {
    clearTimeout(timer);
    // Whatever of it is still open is of no use to anybody.
    silence.abort();
  }
}

/** Where to go on: at the end of what is there, if there is a way to know that the rest is of the same file. */
function beginning({ sha256 }: Wanted, part: PartFile): number {
  const { validator, sha256: promised, total } = part.identity;
  const isSure = validator !== undefined || sha256 !== undefined || promised !== undefined;
  if (part.received > 0 && (!isSure || (total !== undefined && part.received > total))) part.startOver({});
  return part.received;
}

function rangeHeaders(
  start: number,
  { identity: { validator } }: PartFile,
): Readonly<Record<string, string>> {
  if (start === 0) return {};
  const range = { range: `bytes=${start}-` };
  return validator === undefined ? range : { ...range, "if-range": validator };
}

/** What an answer is, if it is one of the file that is wanted. */
function accepted(
  wanted: Wanted,
  part: PartFile,
  { response, linkedHash }: ByteAnswer,
  start: number,
): Identity {
  refuseStatus(wanted, response);
  const { headers } = response;
  const identity = identityOf(response, linkedHash);
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding !== "identity") throw other(wanted, `it comes packed as ${coding}, which was not asked for`);
  if (/^text\/html/i.test(headers.get("content-type") ?? ""))
    throw other(wanted, "it is a web page; perhaps one has to log in there");
  if (wanted.bytes !== undefined && identity.total !== undefined && identity.total !== wanted.bytes)
    throw other(wanted, `it has ${identity.total} bytes there, and should have ${wanted.bytes}`);
  if (response.status === 206) refuseOtherRest(wanted, part, response, start);
  return identity;
}

/** The rest of another file, or another rest: nothing of either can be used. */
function refuseOtherRest(wanted: Wanted, part: PartFile, response: Response, start: number): void {
  const { validator, total } = part.identity;
  const now = identityOf(response, undefined);
  const isOther =
    (validator !== undefined && now.validator !== undefined && now.validator !== validator) ||
    (total !== undefined && now.total !== undefined && now.total !== total);
  if (!isOther && rangeOf(response)?.from === start) return;
  part.startOver({});
  const what = isOther ? "is another file by now" : "sent another part than was asked for";
  throw new DownloadFault("broken", `${shownAddress(wanted.address)} ${what}; it begins anew.`);
}

/** There is nothing behind what is there: it is whole, or of another file. */
function ofNoRange(wanted: Wanted, part: PartFile, response: Response): void {
  const end = /^bytes \*\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (end !== undefined && Number(end) === part.received && (wanted.bytes ?? part.received) === part.received)
    return;
  part.startOver({});
  throw new DownloadFault("broken", `${shownAddress(wanted.address)} has no such part; it begins anew.`);
}

function refuseStatus({ address }: Wanted, { status }: Response): void {
  if (status === 200 || status === 206) return;
  const shown = shownAddress(address);
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    throw new DownloadFault("busy", `${shown} answered ${status}.`);
  if (status === 401 || status === 403)
    throw new DownloadFault(
      "refused",
      `${shown} answered ${status}: it wants a login, or terms to be accepted on its page. Fetch it with a browser and put it into its folder.`,
    );
  throw new DownloadFault("refused", `${shown} answered ${status}; there is no such file to be had there.`);
}

/** What headers say of a file. A weak tag does not promise the same bytes. */
function identityOf(response: Response, linkedHash: string | undefined): Identity {
  const { headers, status } = response;
  const tag = headers.get("etag");
  const validator = tag !== null && tag.startsWith('"') ? tag : (headers.get("last-modified") ?? undefined);
  const length =
    status === 206 ? rangeOf(response)?.total : Number(headers.get("content-length") ?? Number.NaN);
  return {
    ...(validator === undefined ? {} : { validator }),
    ...(length === undefined || Number.isNaN(length) ? {} : { total: length }),
    ...(linkedHash === undefined ? {} : { sha256: linkedHash }),
  };
}

function rangeOf({ headers }: Response): Readonly<{ from: number; total: number | undefined }> | undefined {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (from === undefined) return undefined;
  return { from: Number(from), total: total === undefined || total === "*" ? undefined : Number(total) };
}

/** A body piece by piece; each gives the connection its time again. */
async function* piecesOf(
  { address }: Wanted,
  { body }: Response,
  timer: ReturnType<typeof setTimeout>,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  for (;;) {
    const piece = await reader.read().catch((cause: unknown) => {
      const message = `The connection to ${shownAddress(address)} broke: ${reasonOf(cause)}.`;
      throw new DownloadFault("broken", message, cause);
    });
    if (piece.done) return;
    timer.refresh();
    yield piece.value;
  }
}

function refuseWrongEnd(wanted: Wanted, part: PartFile, whole: number | undefined): void {
  if (whole === undefined || part.received === whole) return;
  const shown = shownAddress(wanted.address);
  if (part.received < whole)
    throw new DownloadFault("broken", `${shown} ended after ${part.received} of ${whole} bytes.`);
  part.discard();
  throw other(wanted, `it sent more than its ${whole} bytes`);
}

const other = ({ address }: Wanted, reason: string): DownloadFault =>
  new DownloadFault("other-file", `${shownAddress(address)} is not what was wanted: ${reason}.`);
