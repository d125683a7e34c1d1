import type { Pixmap } from "#/image/pixmap.ts";

/** A picture with pixels of its own: what is told to the other side may be handed over, and not be ours any more. */
export const copied = (picture: Pixmap): Pixmap => ({ ...picture, data: picture.data.slice() });
