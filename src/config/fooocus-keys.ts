import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const weight = Type.Number({ minimum: -2, maximum: 2 });
const slot = Type.Tuple([Type.Boolean(), Type.String(), weight]);
/** Slots before Fooocus 2.4 had no switch. */
const olderSlots = Type.Array(Type.Tuple([Type.String(), weight]), { minItems: 1 });
const folders = Type.Union([Type.String(), Type.Array(Type.String())]);

/** Keys of Fooocus' own `config.txt` that mean something here; all others are left alone. */
export const FooocusSchema = Type.Partial(
  Type.Object({
    default_model: Type.String(),
    previous_default_models: Type.Array(Type.String()),
    default_refiner: Type.String(),
    default_refiner_switch: Type.Number({ minimum: 0.1, maximum: 1 }),
    default_loras: Type.Array(slot),
    default_cfg_scale: Type.Number({ minimum: 1, maximum: 30 }),
    default_sample_sharpness: Type.Number({ minimum: 0, maximum: 30 }),
    default_cfg_tsnr: Type.Number({ minimum: 1, maximum: 30 }),
    default_clip_skip: Type.Integer({ minimum: 1, maximum: 12 }),
    default_sampler: Type.String(),
    default_scheduler: Type.String(),
    default_vae: Type.String(),
    default_prompt: Type.String(),
    default_prompt_negative: Type.String(),
    default_styles: Type.Array(Type.String()),
    default_aspect_ratio: Type.String({ pattern: "^\\d+[*×]\\d+" }),
    default_output_format: Type.Union([Type.Literal("png"), Type.Literal("jpeg"), Type.Literal("webp")]),
    default_overwrite_step: Type.Integer(),
    default_overwrite_switch: Type.Integer(),
    default_black_out_nsfw: Type.Boolean(),
    default_inpaint_engine_version: Type.String(),
    metadata_created_by: Type.String(),
    path_checkpoints: folders,
    path_loras: folders,
    path_embeddings: folders,
    path_vae: folders,
    path_vae_approx: folders,
    path_upscale_models: folders,
    path_inpaint: folders,
    path_controlnet: folders,
    path_clip_vision: folders,
    path_fooocus_expansion: folders,
    path_safety_checker: folders,
    path_sam: folders,
    path_wildcards: Type.String(),
    path_outputs: Type.String(),
  }),
);

/** What a source says in Fooocus' words. */
export type FooocusKeys = Readonly<Static<typeof FooocusSchema>>;

/** Model folders by the key that names them. */
export const folderKeys = {
  path_checkpoints: "checkpoints",
  path_loras: "loras",
  path_embeddings: "embeddings",
  path_vae: "vae",
  path_vae_approx: "vae_approx",
  path_upscale_models: "upscale_models",
  path_inpaint: "inpaint",
  path_controlnet: "controlnet",
  path_clip_vision: "clip_vision",
  path_fooocus_expansion: "prompt_expansion",
  path_safety_checker: "safety_checker",
  path_sam: "sam",
} as const satisfies Partial<Record<keyof FooocusKeys, string>>;

/**
 * The keys of a source that are Fooocus'. Its rule is forgiving: a value that does not fit is passed over with a note.
 *
 * @param source for the note: a file name, or "environment"
 */
export function readFooocusKeys(
  values: Readonly<Record<string, unknown>>,
  source: string,
): { keys: FooocusKeys; notes: readonly string[] } {
  const properties: Readonly<Record<string, TSchema>> = FooocusSchema.properties;
  const keys: Record<string, unknown> = {};
  const notes: string[] = [];
  for (const [key, schema] of Object.entries(properties)) {
    if (!Object.hasOwn(values, key)) continue;
    const value = key === "default_loras" ? withSwitches(values[key]) : values[key];
    if (Value.Check(schema, value)) keys[key] = value;
    else notes.push(`${source}: ${key} cannot be ${JSON.stringify(values[key])}; its default is used.`);
  }
  return { keys, notes };
}

const withSwitches = (slots: unknown): unknown =>
  Value.Check(olderSlots, slots) ? slots.map(([name, strength]) => [true, name, strength]) : slots;
