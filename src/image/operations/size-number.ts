/** The side of the square of as many pixels, up to a multiple of 64: what a picture's size is measured by. */
export function sizeNumber({ width, height }: Readonly<{ width: number; height: number }>): number {
  return Math.ceil(Math.sqrt(height * width) / 64) * 64;
}
