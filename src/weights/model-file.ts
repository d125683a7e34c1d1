import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { shownName } from "./shown-name.ts";
import { stampOf } from "./stamp.ts";

/** A model file that is open for reading. */
export type ModelFile = Readonly<{
  /** As it was asked for: messages name it. */
  path: string;
  /** Real path, links followed. */
  real: string;
  descriptor: number;
  size: number;
  stamp: string;
}>;

/**
 * Opens a model file, and closes it when its reader is done.
 *
 * @throws ModelError `file-unreadable` with the system's reason, or `header-invalid` if it is a folder or a device
 */
export function withModelFile<T>(path: string, read: (file: ModelFile) => T): T {
  const file = open(path);
  try {
    return read(file);
  } finally {
    closeSync(file.descriptor);
  }
}

function open(path: string): ModelFile {
  try {
    const real = realpathSync(path);
    const descriptor = openSync(real, "r");
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) {
      closeSync(descriptor);
      throw invalidFile(path, "it is no file");
    }
    return { path, real, descriptor, size: stats.size, stamp: stampOf(stats) };
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    const message = `${basename(path)} cannot be opened (${reasonOf(cause)}).`;
    throw new ModelError("file-unreadable", message, { path }, cause);
  }
}

/** Bytes of a file; fewer than asked for where it ends. */
export function readAt({ descriptor }: ModelFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const got = readSync(descriptor, bytes, done, length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

/** The system's name for what went wrong; its sentence would repeat the path. */
export const reasonOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause);

/** What is said of a file that ends too soon. Only who put it there knows which it is. */
export const tooShort =
  "a broken download, perhaps, or one that goes on, or a copy; then ask again when that is done";

/** The error for a file that is not as its format wants it. */
export const invalidFile = (path: string, what: string, key?: string): ModelError =>
  new ModelError(
    "header-invalid",
    `${basename(path)}: ${what}.`,
    key === undefined ? { path } : { path, key },
  );

/** The error for a tensor of a type that is not read. */
export function unsupportedType(path: string, key: string, dtype: string): ModelError {
  const type = /^\w{1,20}$/.test(dtype) ? dtype : "an unknown type";
  const message = `${basename(path)}: tensor ${quoted(key)} is stored as ${type}, which is not supported; take a version in F16, BF16 or F8.`;
  return new ModelError("dtype-unsupported", message, { path, key });
}

/** A name of a header in a message. */
export const quoted = (key: string): string => JSON.stringify(shownName(key));
