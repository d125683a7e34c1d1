import type { Given, Place } from "./needed.ts";

/**
 * The names of a Swin transformer (Liu et al. 2021), as wide and deep as its tensors say it is.
 *
 * @param name of the place in the file
 * @returns the widths of the stages whose features are used: those with a norm
 */
export function neededSwin(at: Place, name: string, given: Given): readonly number[] {
  const first = given.size(0, `${name}.patch_embed.proj.weight`) ?? 96;
  at.conv("patch_embed.proj", 3, first, given.size(2, `${name}.patch_embed.proj.weight`) ?? 4);
  at.norm("patch_embed.norm", first);
  const stages = Math.max(1, given.count(`${name}.layers`));
  const used: number[] = [];
  for (let i = 0; i < stages; i += 1) {
    const width = first * 2 ** i;
    const stage = `${name}.layers.${i}`;
    for (let j = 0; j < Math.max(1, given.count(`${stage}.blocks`)); j += 1) {
      const block = at.at(`layers.${i}.blocks.${j}`);
      const table = `${stage}.blocks.${j}.attn.relative_position_bias_table`;
      const inner = given.size(0, `${stage}.blocks.${j}.mlp.fc1.weight`) ?? 4 * width;
      block.norm("norm1", width);
      block.put("attn.relative_position_bias_table", [
        given.size(0, table) ?? 169,
        given.size(1, table) ?? 3,
      ]);
      block.linear("attn.qkv", width, 3 * width);
      block.linear("attn.proj", width, width);
      block.norm("norm2", width);
      block.linear("mlp.fc1", width, inner);
      block.linear("mlp.fc2", inner, width);
    }
    if (i < stages - 1) {
      at.norm(`layers.${i}.downsample.norm`, 4 * width);
      at.linear(`layers.${i}.downsample.reduction`, 4 * width, 2 * width, false);
    }
    if (!given.has(`${name}.norm${i}`)) continue;
    at.norm(`norm${i}`, width);
    used.push(width);
  }
  return used;
}
