/**
 * `bun scripts/bench/precision/sensitivity.ts [--checkpoint models/checkpoints/fooocusd-demo.safetensors] [--by kind|layer]
 * [--steps 4]`: which layers of a UNet lose most in 8 bits. The UNet's own inputs are taken from a picture that is drawn in full
 * precision, some of its steps; then each kind of layer (or each layer) alone is computed in 8 bits, and the error of what is
 * predicted is told, in shares of its deviation. What the table of kinds (`src/networks/eight-bits.ts`) keeps in full is tried as
 * well. Random weights say nothing here.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { networks } from "#/networks/index.ts";
import { openContext } from "#/pipeline/context.ts";
import { generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { ToldInputs, UnetInputs } from "#/runtime/models.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { codedWeights } from "#/weights/derived/coded-weights.ts";
import type { CodedWeights, ToCode } from "#/weights/eight-bits.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { smallRecipe } from "../../../test/support/small-recipe.ts";

const { values } = parseArgs({
  options: {
    checkpoint: {
      type: "string",
      default: join(import.meta.dir, "../../../models/checkpoints/fooocusd-demo.safetensors"),
    },
    by: { type: "string", default: "kind" },
    steps: { type: "string", default: "4" },
    prompt: { type: "string", default: "a red circle on a blue background" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "fooocusd-sensitivity-"));
mkdirSync(join(folder, "checkpoints"));
symlinkSync(resolve(values.checkpoint), join(folder, "checkpoints/base.safetensors"));

const calls = await recorded();
const { unet, path, stamp } = sdxlCheckpoint(openWeights(resolve(values.checkpoint)));
const all: readonly ToCode[] = [...unet].flatMap(([key, ref]) =>
  key.endsWith(".weight") && (ref.shape.length === 2 || ref.shape.length === 4)
    ? [{ module: key.slice(0, -".weight".length), ref, parts: key.includes(".ff.net.0.proj") ? 2 : 1 }]
    : [],
);
const derived = codedWeights(all, { path, stamp });
await derived.write(join(folder, "coded.safetensors"));
const coded = derived.read(join(folder, "coded.safetensors")) ?? new Map();

const exact = await answers(new Map());
const groups = Map.groupBy(all, ({ module }) => (values.by === "layer" ? module : kindOf(module)));
const rows: { name: string; layers: number; error: number }[] = [];
for (const [name, list] of groups) {
  const chosen = new Map(
    list.flatMap(({ module }) => {
      const weight = coded.get(module);
      return weight === undefined ? [] : [[module, weight] as const];
    }),
  );
  rows.push({ name, layers: list.length, error: errorOf(await answers(chosen), exact) });
}
rows.push({ name: "all of them", layers: all.length, error: errorOf(await answers(coded), exact) });
for (const { name, layers, error } of rows.toSorted((a, b) => b.error - a.error))
  console.log(`${(100 * error).toFixed(3).padStart(8)} %  ${String(layers).padStart(4)}  ${name}`);
rmSync(folder, { recursive: true });

/** What kind of layer a module is: its name without the places that it has in the network. */
function kindOf(module: string): string {
  if (/^input_blocks\.0\.|^out\.|embed|label_emb/.test(module)) return module;
  return module
    .replace(/^(input_blocks|middle_block|output_blocks)(\.\d+)+\./, "")
    .replace(/^transformer_blocks\.\d+\./, "");
}

function isText(inputs: ToldInputs): inputs is UnetInputs {
  return Object.hasOwn(inputs, "context");
}

/** The UNet's inputs in a picture of full precision. */
async function recorded(): Promise<readonly UnetInputs[]> {
  const context = await openContext(
    {
      modelRoots: [folder],
      providers: ["cpu"],
      weights: "in-place",
      memoryBudget: 0,
      derived: { folder, budget: 2 ** 33 },
      threads: 0,
    },
    () => undefined,
    createLog("error"),
    undefined,
  );
  const calls: UnetInputs[] = [];
  const open: typeof context.open = async (recipe, precision) => {
    const opened = await context.open(recipe, precision);
    const unet = async (inputs: ToldInputs) => {
      if (isText(inputs)) calls.push(inputs);
      return opened.unet(inputs);
    };
    // Told as they are, so that keys and values of the text are computed in each run.
    const tellTexts = async (contexts: readonly Tensor[]) => contexts.map((context) => ({ context }));
    return { ...opened, unet, tellTexts };
  };
  const side = { width: 256, height: 256 };
  const positive = { texts: [values.prompt], topK: 1 };
  const recipe = {
    ...smallRecipe,
    size: side,
    steps: 12,
    images: [{ seed: 7n, positive, negative: { texts: [""], topK: 1 } }],
  };
  for await (const _ of generate({ recipe, inputs: [] }, { ...context, open }, new Run()));
  await context.close();
  const every = Math.max(1, Math.floor(calls.length / Number(values.steps)));
  return calls.filter((_, at) => at % every === 0);
}

async function answers(chosen: CodedWeights): Promise<readonly Tensor[]> {
  const source = { ...weightSource("unet", unet), coded: chosen };
  const graph = networks.unet.draw(source, operators.cpu, {});
  const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 1 });
  const found: Tensor[] = [];
  for (const inputs of calls) {
    const { prediction } = await session.run(inputs);
    if (prediction !== undefined) found.push(prediction);
  }
  await session.release();
  return found;
}

function errorOf(found: readonly Tensor[], expected: readonly Tensor[]): number {
  let [wrong, whole] = [0, 0];
  for (const [at, { data }] of expected.entries())
    for (const [i, value] of data.entries()) {
      wrong += ((found[at]?.data[i] ?? Number.NaN) - value) ** 2;
      whole += value ** 2;
    }
  return Math.sqrt(wrong / whole);
}
