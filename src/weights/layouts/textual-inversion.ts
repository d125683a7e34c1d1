import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { DType } from "../dtype.ts";
import { readWeight } from "../read-weights.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";

/** The vectors of a textual inversion for each text encoder; none for one that it was not made for. */
export type InversionVectors = Readonly<{
  l: readonly Float32Array[];
  g: readonly Float32Array[];
  /** What is not as its name promises, a sentence each. */
  notes: readonly string[];
}>;

/** Widths of the tokens of a checkpoint's two text encoders. */
export type TextWidths = Readonly<{ l: number; g: number }>;

const table = "embeddings.token_embedding.weight";

export const textWidths = ({ textL, textG }: Pick<Checkpoint, "textL" | "textG">): TextWidths => ({
  l: textL.get(table)?.shape[1] ?? 0,
  g: textG.get(table)?.shape[1] ?? 0,
});

/** Vectors that a section of a prompt has places for. */
const mostVectors = 75;

const floats: ReadonlySet<DType> = new Set(["F64", "F32", "F16", "BF16"]);

/** Names of the two encoders' tensors: kohya's and ComfyUI's, then diffusers' (pivotal tuning). */
const named = [
  { l: "clip_l", g: "clip_g" },
  { l: "text_encoders_0", g: "text_encoders_1" },
] as const;

/**
 * The vectors of a textual inversion (Gal et al. 2022) in whichever form they are kept: named by encoder, A1111's
 * `string_to_param` and `emb_params`, diffusers' `<token>` and lists of these. What has no name of an encoder is for the one
 * whose tokens are as wide.
 *
 * @param checkpoint its file's name, for messages
 * @throws ModelError `layout-unsupported` where it was made for another model or is none at all, `dtype-unsupported`, or
 *         `header-invalid` for vectors that are not numbers
 */
export function readInversion(file: WeightFile, widths: TextWidths, checkpoint: string): InversionVectors {
  const refs = tensorsOf(file);
  const rowsOf = (encoder: "l" | "g"): readonly Float32Array[] =>
    refs[encoder].filter((ref) => ref.shape.at(-1) === widths[encoder]).flatMap((ref) => rowsIn(file, ref));
  const [l, g] = [rowsOf("l"), rowsOf("g")];
  const name = basename(file.path);
  const refuse = (says: string): ModelError =>
    new ModelError("layout-unsupported", `${name} ${says}.`, { path: file.path });
  if (l.length === 0 && g.length === 0) {
    const found = [...new Set([...refs.l, ...refs.g].map(({ shape }) => shape.at(-1) ?? 0))].join(" and ");
    throw refuse(
      `is a textual inversion for another model: its vectors are ${found} wide, and the text encoders of ${checkpoint} take ${widths.l} and ${widths.g}`,
    );
  }
  const most = Math.max(l.length, g.length);
  if (most > mostVectors)
    throw refuse(`has ${most} vectors, and a textual inversion has ${mostVectors} at most`);
  return { l, g, notes: oneSided(name, { l, g }, refs, widths) };
}

function oneSided(
  name: string,
  { l, g }: Pick<InversionVectors, "l" | "g">,
  refs: ReturnType<typeof tensorsOf>,
  widths: TextWidths,
): readonly string[] {
  if (l.length > 0 && g.length > 0) return [];
  const [has, lacks, side] = l.length > 0 ? (["L", "G", "g"] as const) : (["G", "L", "l"] as const);
  // Of a file that names no encoder the same tensors stand for both.
  const unfit = refs.l === refs.g ? undefined : refs[side].at(0)?.shape.at(-1);
  const why =
    unfit === undefined
      ? `has vectors for text encoder ${has} alone`
      : `has vectors for text encoder ${lacks} that are ${unfit} wide and not ${widths[side]}, which are left out`;
  return [`${name} ${why}; encoder ${lacks} is told nothing in their place.`];
}

/** The tensors for each encoder, before their widths are looked at. */
function tensorsOf({ path, tensors }: WeightFile): Readonly<Record<"l" | "g", readonly WeightRef[]>> {
  for (const names of named) {
    const [l, g] = [tensors.get(names.l), tensors.get(names.g)];
    if (l !== undefined || g !== undefined)
      return { l: l === undefined ? [] : [l], g: g === undefined ? [] : [g] };
  }
  const all = [...tensors].map(([key, ref]) => ({ key, ref }));
  const listed = all.every(({ key }) => /^\d+\./.test(key));
  const own = all.find(({ key }) => key.startsWith("string_to_param.")) ?? all[0];
  const refs = listed ? all.map(({ ref }) => ref) : own === undefined ? [] : [own.ref];
  const strange = refs.find(({ shape }) => shape.length === 0 || shape.length > 2);
  if (refs.length > 0 && strange === undefined) return { l: refs, g: refs };
  const message = `${basename(path)} is no textual inversion: vectors are expected, alone or as rows.`;
  throw new ModelError("layout-unsupported", message, { path });
}

function rowsIn({ path }: WeightFile, ref: WeightRef): readonly Float32Array[] {
  const { key, dtype, shape } = ref;
  const name = basename(path);
  if (!floats.has(dtype)) {
    const message = `${name}: its vectors are stored as ${dtype}, which is not read; take a version in F16 or F32.`;
    throw new ModelError("dtype-unsupported", message, { path, key });
  }
  const width = shape.at(-1) ?? 1;
  // Before it is read: a file of something else may be of any size.
  const rows = ref.shape.length === 1 ? 1 : (shape[0] ?? 0);
  if (rows > mostVectors) {
    const message = `${name} has ${rows} vectors, and a textual inversion has ${mostVectors} at most.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  const values = readWeight(ref);
  if (!values.every(Number.isFinite)) {
    const message = `${name}: its vectors hold values that are not numbers. Get the file again.`;
    throw new ModelError("header-invalid", message, { path, key });
  }
  return Array.from({ length: rows }, (_, row) => values.slice(row * width, (row + 1) * width));
}
