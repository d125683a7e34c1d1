import type { WeightMap } from "../checkpoint.ts";

/** A cross-attention of a UNet: its channels, and its number among all of them as the UNet is drawn. */
export type AttentionSite = Readonly<{ drawn: number; channels: number }>;

const site =
  /^(input_blocks\.(\d+)\.\d+|middle_block\.\d+|output_blocks\.(\d+)\.\d+)\.transformer_blocks\.(\d+)\.attn2\.to_q\.weight$/;

const sides = ["input", "middle", "output"] as const;
type Found = Readonly<{ side: (typeof sides)[number]; block: number; depth: number; channels: number }>;

/**
 * The cross-attentions of a UNet in the order in which diffusers lists their processors, and IP-Adapters number them: those of
 * the input blocks, of the output blocks, and the middle's last, although it is drawn between them.
 *
 * @param unet LDM's names
 */
export function attentionSites(unet: WeightMap): readonly AttentionSite[] {
  const found = [...unet].flatMap(([key, { shape }]): Found[] => {
    const [, , input, output, depth] = site.exec(key) ?? [];
    if (depth === undefined) return [];
    const side = input === undefined ? (output === undefined ? "middle" : "output") : "input";
    const block = Number(input ?? output ?? 0);
    return [{ side, block, depth: Number(depth), channels: shape[0] ?? 0 }];
  });
  const of = (side: Found["side"]): readonly Found[] =>
    found.filter((one) => one.side === side).toSorted((a, b) => a.block - b.block || a.depth - b.depth);
  const drawn = new Map(sides.flatMap(of).map((one, number) => [one, number]));
  return [...of("input"), ...of("output"), ...of("middle")].map((one) => ({
    drawn: drawn.get(one) ?? 0,
    channels: one.channels,
  }));
}
