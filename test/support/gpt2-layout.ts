import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a GPT-2. */
export type Gpt2Sizes = Readonly<{ width: number; layers: number; vocabulary: number; places: number }>;

/** The published GPT-2 small, and one for tests. */
export const gpt2Small: Gpt2Sizes = { width: 768, layers: 12, vocabulary: 50257, places: 1024 };
export const gpt2Tiny: Gpt2Sizes = { width: 128, layers: 3, vocabulary: 300, places: 40 };

/** Names and shapes of a GPT-2 as transformers saves it, head and masks included. */
export function gpt2Shapes(
  { width, layers, vocabulary, places }: Gpt2Sizes,
  prefix = "transformer.",
): Shapes {
  const shapes: Shapes = new Map();
  const put = (name: string, ...shape: number[]): unknown => shapes.set(prefix + name, shape);
  put("wte.weight", vocabulary, width);
  put("wpe.weight", places, width);
  for (let i = 0; i < layers; i += 1) {
    const norm = (name: string): void => {
      put(`h.${i}.${name}.weight`, width);
      put(`h.${i}.${name}.bias`, width);
    };
    const linear = (name: string, inner: number, outer: number): void => {
      put(`h.${i}.${name}.weight`, inner, outer);
      put(`h.${i}.${name}.bias`, outer);
    };
    norm("ln_1");
    put(`h.${i}.attn.bias`, 1, 1, places, places);
    put(`h.${i}.attn.masked_bias`);
    linear("attn.c_attn", width, 3 * width);
    linear("attn.c_proj", width, width);
    norm("ln_2");
    linear("mlp.c_fc", width, 4 * width);
    linear("mlp.c_proj", 4 * width, width);
  }
  put("ln_f.weight", width);
  put("ln_f.bias", width);
  shapes.set("lm_head.weight", [vocabulary, width]);
  return shapes;
}
