import type { Sidecar } from "#/catalog/sidecar.ts";

/** SDXL was trained on pictures of so many pixels as a square of this side has. */
const sdxl = 1024;

/**
 * The size number (the side of the square of as many pixels) that pictures are brought to before a checkpoint draws on them:
 * what the file beside it says, else SDXL's.
 */
export const workingSizeNumber = ({ size_number: said = sdxl }: Sidecar): number => said;
