import type { Greymap } from "#/image/greymap.ts";

/** What a pixel of distance from the hole takes away; 32 pixels away nothing is left of 256. */
const fall = 8;
const far = 32;

/**
 * How much of the new picture each pixel of a picture gets: all of it (255) in the hole, and around it in a ramp of 32 pixels
 * falling by 8 each, counted as a king walks (pipeline section 11.4). Beyond that nothing: the picture stays as it is.
 */
export function softMask({ width, height, data }: Greymap): Greymap {
  const wide = width + 2;
  // Steps to the hole, with a frame of far pixels around; first from above, then from below.
  const steps = new Uint8Array(wide * (height + 2)).fill(far);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y + 1) * wide + x + 1;
      const near = Math.min(steps[at - wide - 1]!, steps[at - wide]!, steps[at - wide + 1]!, steps[at - 1]!);
      steps[at] = data[y * width + x]! > 127 ? 0 : Math.min(far, near + 1);
    }
  const soft = new Uint8Array(data.length);
  for (let y = height - 1; y >= 0; y -= 1)
    for (let x = width - 1; x >= 0; x -= 1) {
      const at = (y + 1) * wide + x + 1;
      const near = Math.min(steps[at + wide - 1]!, steps[at + wide]!, steps[at + wide + 1]!, steps[at + 1]!);
      const own = Math.min(steps[at]!, near + 1);
      steps[at] = own;
      soft[y * width + x] = Math.min(255, fall * (far - own));
    }
  return { width, height, channels: 1, data: soft };
}
