/** What a value must exceed to be a hole. */
const limit = 127;

/**
 * Whether a pixel of a mask says that something new is to be there: red counts as white does, what exceeds 127 in its first
 * channel or in the mean of three (pipeline section 11.1).
 *
 * @param data  8-bit RGB
 * @param pixel its number in there
 */
export function isHole(data: Uint8Array, pixel: number): boolean {
  const at = 3 * pixel;
  const red = data[at] ?? 0;
  return red > limit || red + (data[at + 1] ?? 0) + (data[at + 2] ?? 0) > 3 * limit;
}
