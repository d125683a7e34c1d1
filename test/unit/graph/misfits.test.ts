import { expect, test } from "bun:test";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { ModelError } from "#/lib/errors.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { locatedFor } from "../../support/network-tensors.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

/** A checkpoint whose tensors do not fit each other is told so when a network is drawn, before anything is opened. */
const sizes = { ...sdxlTiny, unet: { width: 32, factors: [1, 2], depths: [0, 1], middle: 1 } };
const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/tiny.safetensors"));
/** Axes whose length is the checkpoint's own choice: vocabularies, positions, what goes in and what comes out. */
const free = new Set([
  "embeddings.token_embedding.weight 0",
  "embeddings.position_embedding.weight 0",
  "wte.weight 0",
  "wpe.weight 0",
  "bert.embeddings.word_embeddings.weight 0",
  "bert.embeddings.position_embeddings.weight 0",
  "transformer.tgt_embed.weight 0",
  "text_projection 1",
  "time_embed.0.weight 1",
  "label_emb.0.0.weight 1",
  "input_blocks.0.0.weight 1",
  "out.2.weight 0",
  "post_quant_conv.weight 1",
  "head.weight 0",
  "conv_last.weight 0",
  "visual_projection 1",
  "image_proj.latents 1",
  "image_proj.proj_in.weight 1",
]);

/** A window has as many heads as its table has columns, which nothing else tells. */
const isFree = (key: string, axis: number): boolean =>
  free.has(`${key} ${axis}`) || (axis === 1 && key.endsWith(".relative_position_bias_table"));

/** Other shapes, and the axis that is meant; a kernel may have any odd sides. */
function wrongShapes(shape: readonly number[]): readonly (readonly [number, readonly number[]])[] {
  const sizes = shape.flatMap((size, axis) =>
    [size + 1, size * 2, Math.floor(size / 2)]
      .filter((other) => axis < 2 || other % 2 === 0)
      .map((other) => [axis, shape.with(axis, other)] as const),
  );
  return [...sizes, [-1, [...shape, 1]], [-1, shape.slice(1)]];
}

/** Shapes that are tried at least, of networks that have few tensors. */
const least: Partial<Readonly<Record<NetworkName, number>>> = {
  "inpaint-head": 6,
  "rrdb-pixels": 40,
  "control-hint": 80,
  "safety-checker": 150,
  "image-keys": 40,
  "text-keys": 80,
  "control-text-keys": 40,
  "image-tokens": 150,
};

for (const { name, from, draw } of Object.values(networks)) {
  const { tensors } = locatedFor(from, checkpoint, sizes);
  test(`${name}: no tensor can have another shape unnoticed`, () => {
    const used = networks[name]
      .draw(weightSource("tiny", tensors), operators.cpu, { clipSkip: 1 })
      .weights.values();
    const offsets = new Set(used.map(({ ref }) => ref.offset));
    const faults: string[] = [];
    let tried = 0;
    for (const [key, ref] of tensors) {
      if (!offsets.has(ref.offset)) continue;
      for (const [axis, shape] of wrongShapes(ref.shape)) {
        if (isFree(key, axis)) continue;
        tried += 1;
        const changed = new Map(tensors).set(key, { ...ref, shape });
        try {
          draw(weightSource("tiny", changed), operators.cpu, { clipSkip: 1 });
          faults.push(`${key} [${shape.join()}] for [${ref.shape.join()}]: drawn`);
        } catch (thrown) {
          const told = thrown instanceof ModelError && thrown.code === "weight-shape";
          if (!told) faults.push(`${key} [${shape.join()}]: ${String(thrown)}`);
        }
      }
    }
    expect(faults).toEqual([]);
    expect(tried).toBeGreaterThan(least[name] ?? 200);
  });
}
