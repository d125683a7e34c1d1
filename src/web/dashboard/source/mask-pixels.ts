/**
 * Makes a mask of a picture's pixels, in place, as the server reads masks: transparency goes over black, and what counts
 * is red, or the mean of red, green and blue, above 127.
 *
 * @param rgba four bytes a pixel
 * @param colour red, green and blue of what counts; its opacity becomes 255, that of the rest 0
 */
export function asMask(rgba: Uint8ClampedArray, colour: readonly [number, number, number]): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const red = rgba[i] ?? 0;
    const sum = red + (rgba[i + 1] ?? 0) + (rgba[i + 2] ?? 0);
    const alpha = (rgba[i + 3] ?? 0) / 255;
    rgba[i] = colour[0];
    rgba[i + 1] = colour[1];
    rgba[i + 2] = colour[2];
    rgba[i + 3] = red * alpha > 127 || (sum * alpha) / 3 > 127 ? 255 : 0;
  }
}

/**
 * A drawn mask as the server takes it, in place: white where it is opaque by more than half, else black; nothing between,
 * since edges are smooth on the screen only.
 */
export function asBlackAndWhite(rgba: Uint8ClampedArray): boolean {
  let any = false;
  for (let i = 0; i < rgba.length; i += 4) {
    const painted = (rgba[i + 3] ?? 0) > 127;
    any ||= painted;
    const value = painted ? 255 : 0;
    rgba[i] = value;
    rgba[i + 1] = value;
    rgba[i + 2] = value;
    rgba[i + 3] = 255;
  }
  return any;
}
