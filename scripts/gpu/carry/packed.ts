/** One of the things that are carried, as a stretch of the stream that all pieces together are. */
export type Parcel = Readonly<{
  name: string;
  /** `gzip` and `zstd` hold one file, `tar.zstd` a folder. */
  form: "gzip" | "zstd" | "tar.zstd";
  /** Where it goes, below the folder that is unpacked into. */
  to: string;
  offset: number;
  bytes: number;
  /** Of the file itself, or of the tar: what is unpacked is held to it. */
  sha256: string;
}>;

/** What lies in `pack.json` beside every piece. */
export type Packed = Readonly<{
  commit: string;
  pieces: readonly Readonly<{ name: string; bytes: number; sha256: string }>[];
  parcels: readonly Parcel[];
}>;

/** SHA-256 in hex digits. */
export const hashOf = (bytes: Uint8Array): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
