import type { DType } from "./dtype.ts";

/** One tensor of a file: where its bytes lie. The bytes themselves are never read to make this. */
export type WeightRef = Readonly<{
  /** Real path of the file, links followed. */
  path: string;
  /** Its name in the file. */
  key: string;
  dtype: DType;
  shape: readonly number[];
  /** Absolute position in the file, and length; both in bytes. For a packed tensor the position is among its own bytes. */
  offset: number;
  length: number;
  /** Factor on every value, where the file keeps one beside 8-bit values; 1 when left out. */
  scale?: number;
  /** Where the file has it in another form than its values one after the other: how to get them. */
  packed?: Packed;
}>;

/**
 * A tensor that cannot be mapped where it lies: its storage is compressed, or its elements stand in another order. Its own
 * bytes are the elements of `view` in row-major order, unpacked.
 */
export type Packed = Readonly<{
  storage: StoredBytes;
  view: View;
  /** Bytes of one element. */
  element: number;
}>;

/** Bytes of a storage within a file. */
export type StoredBytes = Readonly<{
  /** Absolute position in the file, and how many bytes there are. */
  offset: number;
  length: number;
  /** Set where they are deflated (RFC 1951): how many bytes they give, and their CRC-32, 0 where the writer left it out. */
  deflated?: Readonly<{ length: number; crc: number }>;
}>;

/** Elements of a storage that are a tensor, as torch counts them: in elements, not bytes. */
export type View = Readonly<{ start: number; shape: readonly number[]; strides: readonly number[] }>;

/** What a weight file has, whatever its format. `stamp` changes when the file does. */
export type WeightFile = Readonly<{
  path: string;
  size: number;
  stamp: string;
  tensors: ReadonlyMap<string, WeightRef>;
  /** Texts of the header; of a torch file the numbers and short texts that stand beside its tensors. */
  metadata: ReadonlyMap<string, string>;
}>;
