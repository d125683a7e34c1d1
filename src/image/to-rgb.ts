/** Pixels that are converted before others get their turn. */
const stretch = 2_000_000;

/**
 * Pixels as RGB, three bytes each: grey is repeated, a fourth channel is dropped. Between stretches others get their turn.
 */
export async function toRgb(data: Uint8Array, channels: number): Promise<Uint8Array> {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let start = 0; start < pixels; start += stretch) {
    if (start > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const end = Math.min(pixels, start + stretch);
    for (let i = start; i < end; i += 1)
      for (let c = 0; c < 3; c += 1) rgb[i * 3 + c] = data[i * channels + (channels > 2 ? c : 0)] ?? 0;
  }
  return rgb;
}
