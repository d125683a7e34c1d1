import type { Pixmap } from "./pixmap.ts";

/** One 8-bit value a pixel, rows without padding: `data.length` is width * height. A mask is one of 0 and 255. */
export type Greymap = Readonly<{ width: number; height: number; data: Uint8Array; channels: 1 }>;

/** What an operation takes that treats every channel alike; it gives back the kind that it was given. */
export type Picture = Pixmap | Greymap;

/** Values a pixel: 3 or 1. */
export const channelsOf = ({ channels = 3 }: Picture): 1 | 3 => channels;
