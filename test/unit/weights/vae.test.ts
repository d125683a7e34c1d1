import { expect, test } from "bun:test";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { renameDiffusersVae } from "#/weights/layouts/diffusers-vae.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { chooseVae, vaeTensors } from "#/weights/layouts/vae.ts";
import { headerOf, type Shapes, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

const prefix = "first_stage_model.";
const own: Shapes = new Map(
  [...sdxlShapes(sdxlTiny)]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, shape]) => [key.slice(prefix.length), shape]),
);
const read = (shapes: Shapes) => vaeTensors(headerOf(shapes, "/models/soft.safetensors"));
const without = (pattern: RegExp): Shapes => new Map([...own].filter(([key]) => !pattern.test(key)));

test("a VAE is checked tensor by tensor, and its own name is blamed", () => {
  for (const [i, [key]] of [...own].entries()) {
    if (i % 3 !== 0) continue;
    const rest = new Map([...own].filter(([other]) => other !== key));
    expect(() => read(rest)).toThrow(
      /^soft\.safetensors (is incomplete: its VAE lacks the tensor|is not a VAE for SDXL)/,
    );
  }
  expect(() => read(new Map([...own, ["decoder.up.1.attn.0.q.weight", [8]]]))).toThrow(
    "of another architecture",
  );
  expect(() => read(new Map([...own, ["encoder.something.weight", [8]]]))).toThrow("its VAE has the tensor");
  expect(() => read(without(/^decoder\./))).toThrow("half a VAE, without its decoder");
  expect(read(without(/^(encoder|quant_conv)\./)).vae.size).toBeGreaterThan(100);
});

test("matrices of attention are convolutions of one pixel, whatever names they have", () => {
  const flat: Shapes = new Map(
    [...own].map(([key, shape]) => [
      key,
      /attn_1\.(q|k|v|proj_out)\.weight$/.test(key) ? shape.slice(0, 2) : shape,
    ]),
  );
  expect(read(flat).vae.get("decoder.mid.attn_1.q.weight")?.shape).toEqual([128, 128, 1, 1]);
  const whole = new Map([
    ...sdxlShapes(sdxlTiny),
    ...[...flat].map(([key, shape]) => [prefix + key, shape] as const),
  ]);
  const { vae } = sdxlCheckpoint(headerOf(whole, "/models/some.safetensors"));
  expect(vae.get("encoder.mid.attn_1.proj_out.weight")?.shape).toEqual([128, 128, 1, 1]);
});

test("diffusers counts the decoder's levels from the other end", () => {
  const named = (...keys: readonly string[]): WeightMap =>
    renameDiffusersVae(headerOf(new Map(keys.map((key) => [key, [4, 4]])), "/x").tensors);
  const names = [
    ["decoder.up_blocks.3.resnets.2.conv1.weight", "decoder.up.0.block.2.conv1.weight"],
    ["decoder.up_blocks.0.resnets.0.conv_shortcut.weight", "decoder.up.3.block.0.nin_shortcut.weight"],
    ["decoder.up_blocks.2.upsamplers.0.conv.bias", "decoder.up.1.upsample.conv.bias"],
    ["encoder.down_blocks.1.downsamplers.0.conv.bias", "encoder.down.1.downsample.conv.bias"],
    ["encoder.mid_block.resnets.1.norm2.weight", "encoder.mid.block_2.norm2.weight"],
    ["decoder.mid_block.attentions.0.to_out.0.weight", "decoder.mid.attn_1.proj_out.weight"],
    ["decoder.mid_block.attentions.0.proj_attn.bias", "decoder.mid.attn_1.proj_out.bias"],
    ["decoder.mid_block.attentions.0.group_norm.weight", "decoder.mid.attn_1.norm.weight"],
    ["decoder.conv_norm_out.weight", "decoder.norm_out.weight"],
    ["post_quant_conv.weight", "post_quant_conv.weight"],
  ] as const;
  expect([...named(...names.map(([theirs]) => theirs)).keys()]).toEqual(names.map(([, ours]) => ours));
});

test("the chosen VAE takes the place of the checkpoint's, and brings its notes along", () => {
  const checkpoint = sdxlCheckpoint(
    headerOf(new Map([...sdxlShapes(sdxlTiny), ["x.weight", [2]]]), "/models/some.safetensors"),
  );
  expect(chooseVae(checkpoint, undefined)).toBe(checkpoint);
  const file = headerOf(
    new Map([...own, ["loss.logvar", []], ["y.weight", [2]]]),
    "/models/soft.safetensors",
  );
  const { vae, notes } = chooseVae(checkpoint, file);
  expect(vae.size).toBe(own.size);
  expect([...vae.values()].every(({ path }) => path === "/models/soft.safetensors")).toBe(true);
  expect(notes).toEqual([
    "some.safetensors has the tensor x.weight that nothing here uses.",
    "soft.safetensors has the tensor y.weight that nothing here uses.",
  ]);
  expect(() => chooseVae({ ...checkpoint, vae: new Map() }, undefined)).toThrow(
    "some.safetensors has no VAE inside",
  );
});
