/** What a picture may claim to be; beyond it, it is not decoded. A file of a few KB can claim gigabytes. */
export const pictureLimits = {
  /** Pixels of a side, of the picture and of each of its frames and tiles. */
  side: 32_768,
  /** Pixels in all. */
  pixels: 100_000_000,
  /** Frames, pages, or pictures in one file. */
  frames: 1000,
  /** Runs over the pixels of a progressive JPEG: each takes as long as a whole picture. */
  scans: 100,
  /** Pixels of all of them together: the largest picture in the fifteen scans that encoders write. */
  scannedPixels: 1_500_000_000,
  /** Chunks, segments or tags beside the pixels. */
  chunks: 1000,
  /** Bytes of one of them, and of all. */
  chunkBytes: 16 * 1024 ** 2,
  metadataBytes: 32 * 1024 ** 2,
  /** Bytes of all compressed ones once they are unpacked. */
  unpackedBytes: 16 * 1024 ** 2,
  /** Values of a pixel. */
  channels: 16,
} as const;

const ways = {
  side: "send it smaller",
  pixels: "send it smaller",
  frames: "send one of them",
  scans: "save it anew",
  scannedPixels: "save it smaller, or not progressive",
  chunks: "save it anew without metadata",
  chunkBytes: "save it anew without metadata",
  metadataBytes: "save it anew without metadata",
  unpackedBytes: "save it anew without metadata",
  channels: "save it as RGB",
} as const satisfies Record<keyof typeof pictureLimits, string>;

const units = {
  side: "pixels on a side",
  pixels: "pixels",
  frames: "frames or pages",
  scans: "scans",
  scannedPixels: "pixels in all its scans",
  chunks: "chunks of metadata",
  chunkBytes: "bytes in one chunk of metadata",
  metadataBytes: "bytes of metadata",
  unpackedBytes: "bytes of metadata when they are unpacked",
  channels: "values a pixel",
} as const satisfies Record<keyof typeof pictureLimits, string>;

/** A picture that claims more than it may; `says` goes on after "The image in …". */
export class ExcessiveClaim extends Error {
  readonly says: string;

  constructor(what: keyof typeof pictureLimits, claimed: number | undefined) {
    const has = claimed === undefined ? `more than ${pictureLimits[what]}` : String(claimed);
    const says = `has ${has} ${units[what]}; ${pictureLimits[what]} is the limit: ${ways[what]}`;
    super(says);
    this.says = says;
  }
}

/**
 * What a file claims, told piece by piece by who walks through it; the first piece too many ends the walk.
 *
 * All methods throw {@link ExcessiveClaim}.
 */
export class Claims {
  /** Pixels of the largest picture in the file; 0 where none says its size. */
  #pixels = 0;
  #frames = 0;
  #scans = 0;
  #chunks = 0;
  #bytes = 0;
  #unpacked = 0;

  get pixels(): number {
    return this.#pixels;
  }

  /** Frames or pages that were told of. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes that compressed metadata may still become. */
  get unpackedLeft(): number {
    return pictureLimits.unpackedBytes - this.#unpacked;
  }

  size(width: number, height: number): void {
    for (const side of [width, height]) check("side", side);
    check("pixels", width * height);
    this.#pixels = Math.max(this.#pixels, width * height);
  }

  frame(count = 1): void {
    this.#frames += count;
    check("frames", this.#frames, count === 1);
  }

  scan(): void {
    this.#scans += 1;
    check("scans", this.#scans, true);
    check("scannedPixels", this.#scans * this.#pixels, true);
  }

  channels(count: number): void {
    check("channels", count);
  }

  /** A piece of metadata. */
  chunk(bytes: number): void {
    this.#chunks += 1;
    this.#bytes += bytes;
    check("chunks", this.#chunks, true);
    check("chunkBytes", bytes);
    check("metadataBytes", this.#bytes);
  }

  /** @param bytes undefined if it is more than {@link unpackedLeft} */
  unpacked(bytes: number | undefined): void {
    if (bytes === undefined) throw new ExcessiveClaim("unpackedBytes", undefined);
    this.#unpacked += bytes;
  }
}

/** @param counting whether the walk ends here and the whole number is not known */
function check(what: keyof typeof pictureLimits, claimed: number, counting = false): void {
  if (claimed > pictureLimits[what]) throw new ExcessiveClaim(what, counting ? undefined : claimed);
}
