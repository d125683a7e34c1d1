import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { Unzip, type UnzipFile, UnzipInflate } from "fflate";
import { EngineError } from "#/lib/errors.ts";
import { hashFile } from "#/lib/hash-file.ts";
import { type CudaLibrary, type CudaSet, nameOf, type Wheel } from "./set.ts";

/** Bytes of a wheel that are read at a time. */
const piece = 2 ** 20;

/** How a library is called until it is whole; what is left of one is taken away by the next try. */
export const unfinished = ".part";

/**
 * The wheel of a set that a file is, by its hash: its name may be anything.
 *
 * @throws EngineError `bad-setting` for a file that is none of them, with what was expected of one of that name
 */
export async function recognise(path: string, set: CudaSet): Promise<Wheel> {
  const bytes = statSync(path).size;
  const candidates = set.wheels.filter((wheel) => wheel.bytes === bytes);
  const sha256 = candidates.length === 0 ? undefined : await hashFile(path);
  const found = candidates.find((wheel) => wheel.sha256 === sha256);
  if (found !== undefined) return found;
  throw new EngineError("bad-setting", whyNone(path, { bytes, sha256 }, set), { file: path });
}

function whyNone(
  path: string,
  { bytes, sha256 }: Readonly<{ bytes: number; sha256: string | undefined }>,
  set: CudaSet,
): string {
  const [project = "", version = ""] = basename(path).split("-");
  const wanted = set.wheels.find((wheel) => wheel.project.replaceAll("-", "_") === project.toLowerCase());
  if (wanted === undefined) return `${path} is no wheel that CUDA needs here.`;
  if (wanted.file !== basename(path))
    return `${path} is of ${project} ${version}, and the file that is needed is ${wanted.file}.`;
  if (sha256 === undefined)
    return `${path} has ${bytes} bytes and should have ${wanted.bytes}: fetch it again.`;
  return `${path} is damaged, or not what it says: its SHA-256 is ${sha256} and should be ${wanted.sha256}. Fetch it again.`;
}

/** Who follows the unpacking of a wheel. */
export type Unpacking = Readonly<{
  /** Is told the bytes that are written, now and then. */
  told?: (bytes: number) => void;
  /** Ends it between two pieces. */
  signal?: AbortSignal;
}>;

/**
 * Unpacks the libraries of a wheel. Each appears under its name when it is whole and has its hash; those that are there are written
 * anew. A few megabytes are in memory at a time.
 *
 * @throws EngineError `storage-failed` where something cannot be written, `bad-setting` for a wheel that lacks a library; the signal's
 *   reason, and then nothing half written stays
 */
export async function unpackWheel(
  path: string,
  { libraries }: Wheel,
  folder: string,
  { told = () => undefined, signal }: Unpacking = {},
): Promise<void> {
  const wanted = new Map(libraries.map((library) => [library.path, library]));
  const open = new Map<string, Output>();
  let sum = 0;
  const unzip = new Unzip((file) => {
    const library = wanted.get(file.name);
    if (library === undefined) return;
    const output = new Output(join(folder, nameOf(library)), library);
    open.set(library.path, output);
    take(file, output, (bytes) => told((sum += bytes)));
  });
  unzip.register(UnzipInflate);
  try {
    for await (const bytes of piecesOf(path)) {
      signal?.throwIfAborted();
      unzip.push(bytes);
    }
    for (const library of libraries) {
      const output = open.get(library.path);
      if (output === undefined)
        throw new EngineError("bad-setting", `${path} holds no ${library.path}.`, { file: path });
      output.finish();
    }
  } finally {
    for (const output of open.values()) output.drop();
  }
}

/** What is thrown in here comes out where the bytes are pushed. */
function take(file: UnzipFile, output: Output, told: (bytes: number) => void): void {
  file.ondata = (error, bytes) => {
    if (error !== null) throw error;
    output.write(bytes);
    told(bytes.length);
  };
  file.start();
}

/** A file piece by piece, each a memory of its own: the unpacker keeps some. Others may run in between. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const bytes = new Uint8Array(piece);
      const read = readSync(file, bytes, 0, piece, null);
      if (read === 0) return;
      yield bytes.subarray(0, read);
      await new Promise(setImmediate);
    }
  } finally {
    closeSync(file);
  }
}

/** A library on its way to the disk. */
class Output {
  readonly #path: string;
  readonly #part: string;
  readonly #library: CudaLibrary;
  readonly #hash = new Bun.CryptoHasher("sha256");
  #file: number | undefined;
  #written = 0;

  constructor(path: string, library: CudaLibrary) {
    this.#path = path;
    this.#part = `${path}${unfinished}`;
    this.#library = library;
    this.#file = this.#try(() => openSync(this.#part, "w", 0o600));
  }

  write(bytes: Uint8Array): void {
    const { bytes: most } = this.#library;
    if (this.#written + bytes.length > most) throw this.#other(`it has more than its ${most} bytes`);
    const file = this.#file;
    if (file === undefined) return;
    this.#try(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    });
    this.#hash.update(bytes);
    this.#written += bytes.length;
  }

  /** Gives it its name. */
  finish(): void {
    if (this.#file === undefined) return;
    const sha256 = this.#hash.digest("hex");
    if (sha256 !== this.#library.sha256)
      throw this.#other(`its SHA-256 is ${sha256} and should be ${this.#library.sha256}`);
    this.#try(() => {
      if (this.#file !== undefined) fsyncSync(this.#file);
      this.#close();
      renameSync(this.#part, this.#path);
    });
  }

  /** Takes away what did not become whole. */
  drop(): void {
    this.#close();
    rmSync(this.#part, { force: true });
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #other(why: string): EngineError {
    return new EngineError("bad-setting", `${this.#library.path} is not what it should be: ${why}.`, {
      file: this.#path,
    });
  }

  #try<T>(act: () => T): T {
    try {
      return act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `${this.#part} cannot be written: ${reason}. Nothing that is whole is lost: the same command goes on.`;
      throw new EngineError("storage-failed", message, { file: this.#path }, cause);
    }
  }
}
