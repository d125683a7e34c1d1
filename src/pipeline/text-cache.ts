import { sizeOf, type Tensor } from "#/tensor/tensor.ts";
import type { Section } from "./text/sections.ts";

/** What both encoders make of a section: hidden states [1, 77, L] and [1, 77, G], without weights, and the pooled vector [1, P]. */
export type EncodedSection = Readonly<{ l: Tensor; g: Tensor; pooled: Tensor }>;

/** Sections kept; one of SDXL's takes 0.6 MB. */
const keptBytes = 128 * 1024 ** 2;

/**
 * Sections that were encoded before, as many of the newest as fit: known by their tokens and by what encodes them, whatever the
 * tokens weigh.
 */
export class TextCache {
  readonly #sections = new Map<string, EncodedSection>();
  #bytes = 0;

  known(key: string): EncodedSection | undefined {
    const found = this.#sections.get(key);
    if (found === undefined) return undefined;
    this.#sections.delete(key);
    this.#sections.set(key, found);
    return found;
  }

  keep(key: string, section: EncodedSection): void {
    this.#forget(key);
    this.#sections.set(key, section);
    this.#bytes += bytesOf(section);
    for (const oldest of this.#sections.keys()) {
      if (this.#bytes <= keptBytes) break;
      this.#forget(oldest);
    }
  }

  clear(): void {
    this.#sections.clear();
    this.#bytes = 0;
  }

  #forget(key: string): void {
    const known = this.#sections.get(key);
    if (known === undefined) return;
    this.#bytes -= bytesOf(known);
    this.#sections.delete(key);
  }
}

const bytesOf = ({ l, g, pooled }: EncodedSection): number =>
  4 * [l, g, pooled].reduce((sum, { dims }) => sum + sizeOf(dims), 0);

/**
 * What a section is known by.
 *
 * @param encoders what encodes it: files, LoRAs with their strengths, textual inversions, clip skip
 */
export const sectionKey = (encoders: string, { l, g }: Pick<Section, "l" | "g">): string =>
  [encoders, ...[l, g].map((tokens) => tokens.map(nameOf).join())].join("|");

/** A vector is known by its numbers. */
const nameOf = (token: Section["l"][number]): string =>
  typeof token === "number"
    ? String(token)
    : Bun.SHA1.hash(new Uint8Array(token.buffer, token.byteOffset, token.byteLength), "hex");
