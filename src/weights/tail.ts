import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { shownName } from "./shown-name.ts";
import type { WeightFile } from "./weight-file.ts";

const chunk = 1024 * 1024;

/**
 * Whether a file has nothing but zeros from a position to its end. Reads up to the first byte that is none, which in a
 * whole file is the first one or soon after it.
 *
 * @param offset bytes from the start of the file
 * @returns also false where the file cannot be opened: whoever reads it says why
 */
export function dataIsZeroFrom(path: string, offset: number): boolean {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    const bytes = Buffer.alloc(chunk);
    const zeros = Buffer.alloc(chunk);
    let at = offset;
    // A small first look: most files end here.
    for (let size = 4096; ; size = chunk) {
      const got = readSync(file, bytes, 0, size, at);
      if (got === 0) return at > offset;
      if (bytes.compare(zeros, 0, got, 0, got) !== 0) return false;
      at += got;
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Refuses a file whose data ends in zeros, from its last matrix on: a program reserved the whole file and never finished
 * to download it.
 *
 * @throws ModelError `header-invalid`
 */
export function refuseUnfinished({ path, tensors }: WeightFile): void {
  let last = -1;
  let key = "";
  for (const ref of tensors.values()) {
    const placed = ref.packed === undefined && ref.shape.length >= 2 && ref.length > 0;
    if (!placed || ref.offset <= last) continue;
    last = ref.offset;
    key = ref.key;
  }
  if (last < 0 || !dataIsZeroFrom(path, last)) return;
  const message = `${basename(path)} is an unfinished download: it is all zeros from the tensor ${shownName(key)} to its end. Get it again.`;
  throw new ModelError("header-invalid", message, { path, key });
}
