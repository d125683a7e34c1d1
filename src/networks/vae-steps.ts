import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";

/**
 * What one half of a VAE does after the other, by the names of its modules: convolutions, one after the other, on
 * features that are doubled or halved before; a res-block; attention over pixels; and the end, a norm and
 * convolutions of which the first channels are the answer.
 */
export type VaeStep = Readonly<
  | {
      kind: "convolutions";
      modules: readonly string[];
      resample: "none" | "double" | "halve";
      channels: number;
    }
  | { kind: "block"; module: string; channels: number }
  | { kind: "attention"; module: string; channels: number }
  | { kind: "end"; norm: string; modules: readonly string[]; channels: number }
>;

/** Channels of a picture. */
const colours = 3;

/**
 * The decoder of AutoencoderKL as a list, in the order of `vae-decoder.ts`.
 *
 * @throws ModelError `weight-missing` naming the key
 */
export function decoderSteps(source: WeightSource): readonly VaeStep[] {
  const m = moduleOf(source);
  const steps: VaeStep[] = [convolutions(m, ["post_quant_conv", "decoder.conv_in"], "none")];
  steps.push(...middle(m, "decoder.mid"));
  for (let level = m.count("decoder.up") - 1; level >= 0; level -= 1) {
    const up = `decoder.up.${level}`;
    for (let i = 0; i < m.count(`${up}.block`); i += 1) steps.push(block(m, `${up}.block.${i}`));
    if (m.has(`${up}.upsample`)) steps.push(convolutions(m, [`${up}.upsample.conv`], "double"));
  }
  steps.push({ kind: "end", norm: "decoder.norm_out", modules: ["decoder.conv_out"], channels: colours });
  return steps;
}

/**
 * The encoder of AutoencoderKL as a list, in the order of `vae-encoder.ts`; of the posterior the mean.
 *
 * @throws ModelError `weight-missing` naming the key
 */
export function encoderSteps(source: WeightSource): readonly VaeStep[] {
  const m = moduleOf(source);
  const steps: VaeStep[] = [convolutions(m, ["encoder.conv_in"], "none")];
  for (let level = 0; level < m.count("encoder.down"); level += 1) {
    const down = `encoder.down.${level}`;
    for (let i = 0; i < m.count(`${down}.block`); i += 1) steps.push(block(m, `${down}.block.${i}`));
    if (m.has(`${down}.downsample`)) steps.push(convolutions(m, [`${down}.downsample.conv`], "halve"));
  }
  steps.push(...middle(m, "encoder.mid"));
  const channels = m.size("quant_conv.weight", 0) / 2;
  steps.push({
    kind: "end",
    norm: "encoder.norm_out",
    modules: ["encoder.conv_out", "quant_conv"],
    channels,
  });
  return steps;
}

/** For looking names up; nothing is drawn. */
const moduleOf = (source: WeightSource): Module =>
  new Module(new Graph({ operators: operators.cpu }), source);

function convolutions(m: Module, modules: readonly string[], resample: "none" | "double" | "halve"): VaeStep {
  return { kind: "convolutions", modules, resample, channels: m.size(`${modules.at(-1)}.weight`, 0) };
}

const block = (m: Module, module: string): VaeStep => ({
  kind: "block",
  module,
  channels: m.size(`${module}.conv2.weight`, 0),
});

const middle = (m: Module, path: string): readonly VaeStep[] => [
  block(m, `${path}.block_1`),
  { kind: "attention", module: `${path}.attn_1`, channels: m.size(`${path}.attn_1.norm.weight`, 0) },
  block(m, `${path}.block_2`),
];
