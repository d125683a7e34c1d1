import type { FileStamp } from "../stamp.ts";

/**
 * A file that is made of model files, so that the runtime can map what they have in another form. A new kind is one
 * function that gives this; where the file lies, when it is made and when it goes is `runtime/derived-files.ts`.
 */
export type Derived<T> = Readonly<{
  /** For people: "The joined factors of the LoRAs". */
  title: string;
  /** The kind, with another number where the same plan would be written in another way: part of what names the file. */
  kind: string;
  /** Files it is made of. Their contents are part of what names it. */
  sources: readonly FileStamp[];
  /** Whatever else decides what is written, as JSON. */
  plan: unknown;
  /** Bytes that will be written. */
  size: number;
  /** Writes it as a file that is not there yet, but for its seal, and has it on the disk before it returns. */
  write: (path: string) => Promise<void>;
  /** Opens it after checking that it has what it should have; undefined if it has not, or is not there. */
  read: (path: string) => T | undefined;
}>;
