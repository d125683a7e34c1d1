import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import type { OwnFile, PartSource } from "./part-source.ts";
import { checkPart } from "./whole.ts";

/** What GPT-2 files keep beside their weights: masks, and a head, which is the table of tokens again. */
const leftovers = /(^|\.)attn\.(masked_)?bias$|^lm_head\.weight$/;

/** Names and widths of a layer's tensors, in multiples of the model's width; `axes` as they lie in the file. */
const layer: readonly (readonly [string, readonly number[]])[] = [
  ["ln_1.weight", [1]],
  ["ln_1.bias", [1]],
  ["ln_2.weight", [1]],
  ["ln_2.bias", [1]],
  ["attn.c_attn.weight", [1, 3]],
  ["attn.c_attn.bias", [3]],
  ["attn.c_proj.weight", [1, 1]],
  ["attn.c_proj.bias", [1]],
  ["mlp.c_fc.weight", [1, 4]],
  ["mlp.c_fc.bias", [4]],
  ["mlp.c_proj.weight", [4, 1]],
  ["mlp.c_proj.bias", [1]],
];

const gpt2File: OwnFile = {
  kind: "prompt_expansion",
  prefixes: ["transformer.", ""],
  knownBy: "wte.weight",
  read: (file) => ({ tensors: gpt2Tensors(file), notes: [] }),
  missing: "is no language model, and prompt expansion has no file of its own.",
};

/** Where prompt expansion's language model lies. */
export const gpt2Source = { ownFile: gpt2File } as const satisfies PartSource;

/**
 * The tensors of a GPT-2 under transformers' names, without a `transformer.` before them.
 *
 * @throws ModelError `layout-unsupported` where the file is something else, or what is wrong with its tensors
 */
export function gpt2Tensors(file: WeightFile): WeightMap {
  const { path } = file;
  const prefix = gpt2File.prefixes.find((candidate) => file.tensors.has(candidate + gpt2File.knownBy));
  const table = file.tensors.get(`${prefix ?? ""}${gpt2File.knownBy}`);
  const positions = file.tensors.get(`${prefix ?? ""}wpe.weight`);
  if (prefix === undefined || table === undefined || table.shape.length !== 2) {
    const message = `${basename(path)} is not the GPT-2 of prompt expansion: it has no tensor ${gpt2File.knownBy}.`;
    throw new ModelError("layout-unsupported", message, { path });
  }
  const tensors = new Map([...below(file.tensors, prefix)].filter(([key]) => !leftovers.test(key)));
  const [rows = 0, width = 0] = table.shape;
  const needed = new Map<string, readonly number[]>([
    ["wte.weight", [rows, width]],
    ["wpe.weight", [positions?.shape[0] ?? 1024, width]],
    ["ln_f.weight", [width]],
    ["ln_f.bias", [width]],
  ]);
  for (let i = 0; i === 0 || [...tensors.keys()].some((key) => key.startsWith(`h.${i}.`)); i += 1)
    for (const [key, axes] of layer)
      needed.set(
        `h.${i}.${key}`,
        axes.map((multiple) => multiple * width),
      );
  checkPart({ path, title: "language model", prefix }, tensors, needed, []);
  refuseUnfinished(file);
  return tensors;
}
