import type { TextEncoder } from "#/runtime/text-encoders.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Manners } from "../pause.ts";
import type { Section } from "../text/sections.ts";
import { type EncodedSection, sectionKey, type TextCache } from "../text-cache.ts";

/** Both encoders, by what they are known, and what they have encoded before. */
export type SectionEncoders = Readonly<{
  textL: TextEncoder;
  textG: TextEncoder;
  textKey: string;
  known: Pick<TextCache, "known" | "keep">;
}>;

/** Sections in one call: their weights are cast once for all of them. More would gain little, and be deaf for longer. */
const together = 8;

/** What the encoders make of a section that was asked for. */
export type Encoded = (section: Section) => EncodedSection;

/**
 * Encodes sections, several in one call: each once however often it stands there, and none that is known. A section's numbers do
 * not depend on which others are in the call, to the last bit.
 */
export async function encodeSections(
  sections: Iterable<Section>,
  { textL, textG, textKey, known }: SectionEncoders,
  { pause = () => undefined, tell = () => undefined }: Manners = {},
): Promise<Encoded> {
  const found = new Map<string, EncodedSection>();
  const wanted = new Map<string, Section>();
  for (const section of sections) {
    const key = sectionKey(textKey, section);
    if (found.has(key) || wanted.has(key)) continue;
    const encoded = known.known(key);
    if (encoded === undefined) wanted.set(key, section);
    else found.set(key, encoded);
  }
  const left = [...wanted];
  for (let at = 0; at < left.length; at += together) {
    await pause();
    const some = left.slice(at, at + together);
    const l = await textL(...some.map(([, section]) => section.l));
    const g = await textG(...some.map(([, section]) => section.g));
    for (const [index, [key]] of some.entries()) {
      if (g.pooled === undefined) throw new RangeError("encoder G answers with a pooled vector");
      const encoded = { l: row(l.hidden, index), g: row(g.hidden, index), pooled: row(g.pooled, index) };
      found.set(key, encoded);
      known.keep(key, encoded);
    }
    tell(at + some.length, left.length);
  }
  return (section) => {
    const encoded = found.get(sectionKey(textKey, section));
    if (encoded === undefined) throw new RangeError("a section was not encoded");
    return encoded;
  };
}

/** One of a batch, with memory of its own. */
function row({ dims, data }: Tensor, index: number): Tensor {
  const size = data.length / (dims[0] ?? 1);
  return { dims: [1, ...dims.slice(1)], data: data.slice(index * size, (index + 1) * size) };
}
