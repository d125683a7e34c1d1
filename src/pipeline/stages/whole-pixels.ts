/** Pixels of the largest picture that a half of the VAE is asked for in one piece: 640 x 640, about 2.4 GB of features. */
const wholePixels = 640 * 640;

/** Whether a picture goes through the VAE in one piece: by its size and not by what is free, so that it is the same everywhere. */
export const isWhole = ({ width, height }: Readonly<{ width: number; height: number }>): boolean =>
  width * height <= wholePixels;
