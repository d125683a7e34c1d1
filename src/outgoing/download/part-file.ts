import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { EngineError } from "#/lib/errors.ts";
import { hashFile } from "#/lib/hash-file.ts";

/** What a server said of the file that a part is of; by it the rest can be asked of the very same one. */
export type Identity = Readonly<{
  /** A strong entity tag with its quotes, or a date of change: what `If-Range` takes. */
  validator?: string;
  total?: number;
  /** SHA-256 that the server promises. */
  sha256?: string;
}>;

type Kept = Identity & Readonly<{ address: string }>;

/** An unfinished file, and beside it (`.part.json`) what it is a part of. */
export class PartFile {
  readonly path: string;
  readonly #address: string;
  #identity: Identity;
  #received: number;

  private constructor(path: string, address: string, identity: Identity, received: number) {
    this.path = path;
    this.#address = address;
    this.#identity = identity;
    this.#received = received;
  }

  /** What there is of a file that is fetched from an address; a part of another address' file counts for nothing. */
  static open(path: string, address: string): PartFile {
    const part = `${path}.part`;
    const kept = readKept(`${part}.json`);
    const size = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    return kept?.address === address
      ? new PartFile(part, address, kept, size)
      : new PartFile(part, address, {}, 0);
  }

  get received(): number {
    return this.#received;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get promisedHash(): string | undefined {
    return this.#identity.sha256;
  }

  /** Forgets what is there: the server has another file by now, or gives this one only from its beginning. */
  startOver(identity: Identity): void {
    this.#received = 0;
    this.#identity = identity;
    const kept: Kept = { address: this.#address, ...identity };
    writeFileSync(`${this.path}.json`, JSON.stringify(kept));
  }

  /**
   * Writes pieces behind what is there.
   *
   * @throws EngineError `storage-failed`; what was written is kept
   */
  async append(pieces: AsyncIterable<Uint8Array>, told: (received: number) => void): Promise<void> {
    const file = this.#opened();
    try {
      ftruncateSync(file, this.#received);
      for await (const piece of pieces) {
        this.#write(file, piece);
        told(this.#received);
      }
    } finally {
      fsyncSync(file);
      closeSync(file);
    }
  }

  #opened(): number {
    try {
      return openSync(this.path, fileThere(this.path) ? "r+" : "w");
    } catch (cause) {
      throw unwritable(this.path, cause);
    }
  }

  #write(file: number, piece: Uint8Array): void {
    try {
      for (let at = 0; at < piece.length; ) {
        const written = writeSync(file, piece, at, piece.length - at, this.#received);
        at += written;
        this.#received += written;
      }
    } catch (cause) {
      throw unwritable(this.path, cause);
    }
  }

  /** SHA-256 of what is there, read from the disk: that is what will be used. */
  hash(): Promise<string> {
    return hashFile(this.path);
  }

  /** Once the file has its name. */
  forget(): void {
    rmSync(`${this.path}.json`, { force: true });
  }

  /** What is there is of no use. */
  discard(): void {
    rmSync(this.path, { force: true });
    this.forget();
    this.#received = 0;
  }
}

const fileThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

function unwritable(path: string, cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${path} cannot be written: ${reason}. What is there is kept; the same command goes on.`;
  return new EngineError("storage-failed", message, { path }, cause);
}

function readKept(path: string): Kept | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isKept(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" &&
  value !== null &&
  "address" in value &&
  typeof value.address === "string" &&
  (!("validator" in value) || typeof value.validator === "string") &&
  (!("total" in value) || typeof value.total === "number") &&
  (!("sha256" in value) || typeof value.sha256 === "string");
