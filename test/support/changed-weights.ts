import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { changesInPlace, loraChanges, planChanges } from "#/weights/derived/lora-changes.ts";
import type { Lora } from "#/weights/lora/lora.ts";
import type { Part } from "#/weights/lora/targets.ts";
import { openWorkshop } from "./workshop.ts";

/** The weights that a LoRA changes in one part of a checkpoint, as a network would use them, at each of some strengths. */
export async function changedWeights(
  lora: Lora,
  part: Part,
  weights: WeightMap,
  strengths: readonly number[],
): Promise<readonly ReadonlyMap<string, Tensor>[]> {
  const workshop = openWorkshop();
  try {
    const plan = planChanges([lora.changes[part]]);
    const made =
      changesInPlace(plan) ?? (await workshop.derived.of(loraChanges(plan, lora.files), () => false));
    const graph = new Graph({ operators: operators.cpu });
    const source = weightSource("base", weights, { count: 1, modules: new Map(), changes: made });
    const tensors = [...made.keys()];
    const module = new Module(graph, source);
    for (const tensor of tensors) graph.output(tensor, module.weight(tensor));
    const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 1 });
    const answers: ReadonlyMap<string, Tensor>[] = [];
    for (const strength of strengths) {
      const run = await session.run({ lora_strengths: { dims: [1], data: Float32Array.of(strength) } });
      answers.push(new Map(Object.entries(run)));
    }
    await session.release();
    return answers;
  } finally {
    await workshop.close();
  }
}
