import type { BunFile } from "bun";
import { conditionStatus, rangeHolds, type Validators } from "./conditional.ts";

/** What a client may remember a file by. @param variant what else the bytes depend on, a format they are encoded in */
export function validatorsOf({ lastModified, size }: BunFile, variant = ""): Validators {
  return { etag: `"${Bun.hash(`${lastModified}-${size}-${variant}`).toString(16)}"`, lastModified };
}

/** The same as headers. */
export const validatorHeaders = ({ etag, lastModified }: Validators): Readonly<Record<string, string>> => ({
  etag,
  "last-modified": new Date(lastModified).toUTCString(),
});

/**
 * A file as it lies, with ranges; nothing of it to who has it already. Its bytes go from the disk to the connection.
 *
 * @param headers what is said beside what the file is
 */
export async function fileReply(
  file: BunFile,
  request: Request,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const validators = validatorsOf(file);
  const said = { ...headers, ...validatorHeaders(validators) };
  const status = conditionStatus(request, validators);
  if (status !== undefined) return new Response(null, { status, headers: said });
  // To a request for a range, Bun adds what it takes ranges in; of bytes that are no file it sends the whole.
  const ranges = request.headers.has("range") ? {} : { "accept-ranges": "bytes" };
  const body = rangeHolds(request, validators) ? file : await file.bytes();
  return new Response(body, { headers: { "content-type": file.type, ...ranges, ...said } });
}
