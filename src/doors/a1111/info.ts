import type { Json, JsonObject } from "#/api/json.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import { version } from "#/lib/version.ts";
import { readA1111 } from "#/stores/metadata/a1111.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import type { Made } from "./made.ts";
import { inA1111Words } from "./reading/field-names.ts";
import type { ReadGeneration } from "./reading/read-generation.ts";
import { stem } from "./reading/stem.ts";

/** What the answer to a request tells beside its pictures, with A1111's names; `warnings` is ours. */
export async function infoOf(read: ReadGeneration, { task, pictures: made }: Made): Promise<JsonObject> {
  const { words, method, chosen, seed, request } = read;
  const texts = await Promise.all(
    made.map(async ({ bytes }) => (await readEmbeddedText(bytes)).parameters ?? ""),
  );
  const seeds = made.map(({ image }) => seedOf(image, seed));
  const prompts = (text: string): Json => made.map(() => text);
  const [first] = made;
  return {
    prompt: words.prompt,
    all_prompts: prompts(words.prompt),
    negative_prompt: words.negative_prompt,
    all_negative_prompts: prompts(words.negative_prompt),
    seed: seeds[0] ?? seed,
    all_seeds: seeds,
    subseed: words.subseed,
    all_subseeds: made.map(() => words.subseed),
    subseed_strength: 0,
    width: first?.image.width ?? words.width,
    height: first?.image.height ?? words.height,
    sampler_name: method.said,
    cfg_scale: words.cfg_scale,
    steps: words.steps,
    batch_size: words.batch_size,
    restore_faces: false,
    face_restoration_model: null,
    sd_model_name: stem(chosen.checkpoint),
    sd_model_hash: readA1111(texts[0] ?? "")?.["Model hash"] ?? null,
    sd_vae_name: chosen.vae ?? null,
    sd_vae_hash: null,
    seed_resize_from_w: -1,
    seed_resize_from_h: -1,
    denoising_strength: read.denoising,
    extra_generation_params: { "Schedule type": method.label },
    index_of_first_image: 0,
    infotexts: texts,
    styles: [...words.styles],
    job_timestamp: timestamp(task.queuedAt),
    clip_skip: chosen.clipSkip,
    is_using_inpainting_conditioning: false,
    version: `fooocusd ${version}`,
    warnings: warningsOf(read, task, made.length, request.image_number ?? 1),
  };
}

function warningsOf(
  { warnings }: ReadGeneration,
  task: Task,
  made: number,
  asked: number,
): readonly string[] {
  // The door's own warnings are kept with the task as they were said; the others speak of our fields.
  const others = task.warnings.filter((told) => !warnings.includes(told)).map(inA1111Words);
  return [...warnings, ...others, ...cutOf(task, made, asked)];
}

/** That pictures are missing, and why: an empty list is read by nobody as an answer. */
function cutOf({ state }: Task, made: number, asked: number): readonly string[] {
  if (state.status !== "settled" || made >= asked) return [];
  const why = state.outcome === "finished" ? "Skipped" : "Interrupted";
  return [`${why}: ${made} of ${asked} pictures were finished.`];
}

/** The picture's own; one that was enlarged has its first picture's. */
const seedOf = ({ seed, index }: TaskImage, first: bigint): bigint =>
  /^\d+$/.test(seed) ? BigInt(seed) : first + BigInt(index);

/** A time as A1111 writes it: digits, to the second. */
export const timestamp = (at: number): string =>
  new Date(at).toISOString().replaceAll(/\D/g, "").slice(0, 14);
