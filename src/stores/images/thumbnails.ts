import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DecodeGate } from "#/image/decode-gate.ts";
import { thumbnail } from "#/image/thumbnail.ts";
import { EngineError } from "#/lib/errors.ts";
import type { KeptImage } from "../images.ts";
import { bytesBelow, makeRoom } from "./bounded-folder.ts";

/** Bytes of small versions that are kept: some twenty thousand. */
const mostBytes = 256 * 1024 ** 2;

/** How many are made at once: each takes a core, and a picture may be in the making. */
const atOnce = 2;

type Bytes = Uint8Array<ArrayBuffer>;
type Making = Readonly<{ asked: AbortSignal[]; made: Promise<Bytes | undefined> }>;

/** Small versions of pictures, made when they are asked for and kept until others need the room. */
export type Thumbnails = Readonly<{
  /**
   * @param path   where the picture itself is
   * @param signal of who asks; where all have gone before it is its turn, none is made
   * @throws EngineError `storage-failed` for what is no picture
   */
  of: (image: KeptImage, path: string, signal: AbortSignal) => Promise<Bytes | undefined>;
  remove: (image: KeptImage) => Promise<void>;
}>;

/**
 * Small versions in a folder, under the names of their pictures. One that cannot be kept, on a full disk for example, is shown
 * all the same.
 *
 * @param gate   where pictures wait to be decoded
 * @param budget bytes that all may take together; the oldest make room
 */
export function folderThumbnails(root: string, gate: DecodeGate, budget = mostBytes): Thumbnails {
  const making = new Map<string, Making>();
  const turns = new DecodeGate(atOnce);
  const keeper = new Keeper(root, budget);
  const place = ({ folder, name }: KeptImage): string => join(root, folder, `${name}.webp`);
  const make = async (kept: string, path: string, asked: readonly AbortSignal[]) =>
    await turns.run(1, async (): Promise<Bytes | undefined> => {
      if (asked.every(({ aborted }) => aborted)) return undefined;
      const bytes = await small(path, gate);
      await keeper.keep(kept, bytes).catch(() => undefined);
      return bytes;
    });
  return {
    of: async (image, path, signal) => {
      const kept = place(image);
      const found = await keptSince(path, kept);
      if (found !== undefined) return found;
      const known = making.get(kept);
      known?.asked.push(signal);
      if (known !== undefined) return await known.made;
      const asked = [signal];
      const made = make(kept, path, asked).finally(() => making.delete(kept));
      making.set(kept, { asked, made });
      return await made;
    },
    remove: async (image) => await rm(place(image), { force: true }),
  };
}

async function small(path: string, gate: DecodeGate): Promise<Bytes> {
  try {
    return new Uint8Array(await thumbnail(await readFile(path), gate));
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const message = `${basename(path)} cannot be read as a picture: ${words}.`;
    throw new EngineError("storage-failed", message, { path }, cause);
  }
}

/** What is kept of a picture, unless the picture is another by now. */
async function keptSince(path: string, kept: string): Promise<Bytes | undefined> {
  try {
    const [picture, small] = await Promise.all([stat(path), stat(kept)]);
    return small.mtimeMs >= picture.mtimeMs ? new Uint8Array(await readFile(kept)) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes files into a folder, and keeps it within its bound. */
class Keeper {
  readonly #root: string;
  readonly #budget: number;
  #taken: number | undefined;

  constructor(root: string, budget: number) {
    this.#root = root;
    this.#budget = budget;
  }

  /** @throws Error of the disk */
  async keep(path: string, bytes: Bytes): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${crypto.randomUUID()}.tmp`;
    try {
      await writeFile(draft, bytes);
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    this.#taken = (this.#taken ?? (await bytesBelow(this.#root))) + bytes.length;
    if (this.#taken > this.#budget)
      this.#taken = await makeRoom(this.#root, this.#budget, { used: ({ at }) => at });
  }
}
