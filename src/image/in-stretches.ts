/** Pixels that are converted before others get their turn. */
const stretch = 2_000_000;

/** Walks over so many pixels, a stretch at a time; between stretches others get their turn. */
export async function inStretches(pixels: number, walk: (start: number, end: number) => void): Promise<void> {
  for (let start = 0; start < pixels; start += stretch) {
    if (start > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    walk(start, Math.min(pixels, start + stretch));
  }
}
