import type { ImageFacts } from "#/engine/protocol.ts";
import type { TaskId } from "#/lib/task-id.ts";

/** A kept image: its folder and name below the outputs, which is also how its URL ends. */
export type KeptImage = Readonly<{ folder: string; name: string }>;

/** A picture between two passes of its enhancement. */
export type KeptPicture = Readonly<{
  /** How many of its passes are done with. */
  done: number;
  /** Which one made it; null for none. */
  by: number | null;
  /** What is known of the making of that. */
  facts: ImageFacts;
  /** Where it lies. */
  path: string;
}>;

/** Pictures of unfinished tasks between two passes, losslessly, whatever becomes of them later. */
export interface PicturesOnTheWay {
  /**
   * Keeps a picture in the place of what was kept of it before.
   *
   * @param kept.png left out where it is what it was
   * @throws EngineError `storage-failed`
   */
  keep(
    task: TaskId,
    picture: number,
    kept: Omit<KeptPicture, "path"> & Readonly<{ png?: Uint8Array }>,
  ): Promise<KeptPicture>;
  /** What is kept of a task, by the places of its pictures. */
  of(task: TaskId): Promise<ReadonlyMap<number, KeptPicture>>;
  /** The task has ended. @throws EngineError `storage-failed` */
  drop(task: TaskId): Promise<void>;
  /** Forgets all tasks but these. @throws EngineError `storage-failed` */
  dropOthers(tasks: readonly TaskId[]): Promise<void>;
}

/** Where images last. Files are given as paths on this machine, wherever they lie. */
export interface ImageStore {
  /**
   * Keeps a finished image; it lasts when this returns, or is not kept at all.
   *
   * @param extension as the client wrote it: `jpg` and `jpeg` are both JPEG
   * @param saveName  a name of the client's own; a number is added rather than anything replaced
   */
  put(bytes: Uint8Array, extension: string, at: Date, saveName?: string): Promise<KeptImage>;
  /** Keeps an input picture under the hash of its content. */
  putInput(png: Uint8Array): Promise<string>;
  /** Path of an output, if it is one and lies among the outputs. @throws EngineError `storage-failed` where nobody can say */
  output(folder: string, name: string): Promise<string | undefined>;
  /** Path of an input. @throws as `output` */
  input(name: string): Promise<string | undefined>;
  /**
   * A small version of an output (`image/thumbnail.ts`), made when it is first asked for; nothing where there is no such output,
   * or who asks has gone.
   *
   * @throws EngineError `storage-failed` for a file that is no picture
   */
  thumbnail(image: KeptImage, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Deletes an output with its small version; what is not there, or not below the outputs, is passed over.
   *
   * @param before milliseconds since 1970: what was written clearly later is another picture under the same name, and stays
   * @returns whether it was there
   * @throws EngineError `storage-failed`
   */
  remove(image: KeptImage, before: number): Promise<boolean>;
  /**
   * Deletes an input that nothing names. No {@link withInputs} of it runs between the question and the deletion, so that what
   * comes to name it finds it there, or finds it gone before anything names it.
   *
   * @param isNamed asked when nobody else is at it
   * @returns whether it was there and is gone
   * @throws EngineError `storage-failed`
   */
  removeInput(name: string, isNamed: IsNamed): Promise<boolean>;
  /**
   * Does what makes inputs named, while none of them is deleted.
   *
   * @param work begun when all of them are there
   * @returns nothing, and nothing was done, where one of them is not there
   * @throws what the work throws; EngineError `storage-failed`
   */
  withInputs<T>(names: readonly string[], work: () => Promise<T>): Promise<T | undefined>;
  /** Bytes of an output; 0 if there is none. */
  sizeOf(image: KeptImage): Promise<number>;
  /** Names of the inputs that we kept before a moment, milliseconds since 1970; what else lies there is left out. */
  inputsBefore(moment: number): AsyncIterable<string>;
  /** What is not finished yet, and is gone on with after a crash. */
  readonly onTheWay: PicturesOnTheWay;
}

/** Whether something names an input, as is known at this moment. */
export type IsNamed = () => boolean | Promise<boolean>;

/** One path segment: no folders, nothing hidden, no control characters, text in UTF-8, short enough for a disk. */
export const isCleanName = (name: string): boolean =>
  /^(?!\.)[^/\\\p{Cc}]+$/u.test(name) && name.isWellFormed() && Buffer.byteLength(name) <= 255;

/** A name of a client's own for its files, with room for what is put behind it: a number, another, the extension. */
export const isSaveName = (name: string): boolean => isCleanName(name) && Buffer.byteLength(name) <= 200;

/** Path of a result's file, by its URL; undefined if it is gone. */
export async function resultPath(
  url: string,
  images: Pick<ImageStore, "output">,
): Promise<string | undefined> {
  const kept = keptImageOf(url);
  return kept === undefined ? undefined : await images.output(kept.folder, kept.name);
}

/** Folder and name from a result's URL: its last two segments. */
export function keptImageOf(url: string): KeptImage | undefined {
  const [name, folder] = url
    .replace(/[?#].*$/s, "")
    .split("/")
    .reverse();
  if (name === undefined || folder === undefined) return undefined;
  try {
    return { folder: decodeURIComponent(folder), name: decodeURIComponent(name) };
  } catch {
    return { folder, name };
  }
}
