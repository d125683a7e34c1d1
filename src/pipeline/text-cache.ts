import type { Conditioning } from "./stages/encode-text.ts";

/** Texts kept; a conditioning of SDXL is about 0.6 MB for each section of 75 tokens. */
const keptTexts = 128;
const keptBytes = 128 * 1024 ** 2;

/** Texts that were encoded before: as many of the newest as fit. */
export class TextCache {
  readonly #texts = new Map<string, Conditioning>();
  #bytes = 0;

  /** One text's conditioning, from the cache or made now. */
  async conditioning(key: string, make: () => Promise<Conditioning>): Promise<Conditioning> {
    const known = this.#texts.get(key);
    const found = known ?? (await make());
    this.#forget(key);
    this.#texts.set(key, found);
    this.#bytes += found.context.data.byteLength;
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= keptTexts && this.#bytes <= keptBytes) break;
      this.#forget(oldest);
    }
    return found;
  }

  clear(): void {
    this.#texts.clear();
    this.#bytes = 0;
  }

  #forget(key: string): void {
    this.#bytes -= this.#texts.get(key)?.context.data.byteLength ?? 0;
    this.#texts.delete(key);
  }
}
