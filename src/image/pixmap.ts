/**
 * 8-bit RGB rows without padding: `data.length` is width * height * 3. Moved across threads, never copied. Nobody writes
 * `channels`; that it cannot be 1 is what tells it from a {@link Greymap} to the compiler.
 */
export type Pixmap = Readonly<{ width: number; height: number; data: Uint8Array; channels?: 3 }>;

/** A picture as it was sent, upright: 8-bit RGB, or RGBA where some of it is transparent; rows without padding. */
export type SentPicture = Readonly<{
  width: number;
  height: number;
  channels: 3 | 4;
  data: Uint8Array;
  /** Pictures in the file; this is the first one. */
  frames: number;
}>;

/** What transparency is laid over: white for a picture, black for a mask, whose transparent parts are not meant. */
export type Ground = "white" | "black";
