import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const size = Type.String({ pattern: "^\\d+[*×]\\d+$" });
const colour = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);
const slot = Type.Tuple([Type.Boolean(), Type.String(), Type.Number({ minimum: -2, maximum: 2 })]);

const SidecarSchema = Type.Partial(
  Type.Object({
    /** What a request gets that says nothing of it, where neither a preset nor the configuration does. */
    default_aspect_ratio: size,
    default_guidance_scale: Type.Number({ minimum: 1, maximum: 30 }),
    default_loras: Type.Array(slot),
    /** Its own LoRA for a performance mode, instead of the one made for SDXL. */
    performance_loras: Type.Record(Type.String(), Type.String()),
    /** Sizes it draws well; more pixels than this, or than the largest of these, are drawn with a warning. */
    largest_pixels: Type.Integer({ minimum: 1 }),
    good_sizes: Type.Array(size, { minItems: 1 }),
    /** What it predicts, and whether its betas end in pure noise: this wins over what the checkpoint says of itself. */
    prediction_type: Type.Union([Type.Literal("eps"), Type.Literal("v")]),
    zero_terminal_snr: Type.Boolean(),
    /** For previews of a latent space that is not SDXL's: RGB, -1 to 1, of one unit of each channel, and of none. */
    latent_colours: Type.Array(colour, { minItems: 5, maxItems: 5 }),
  }),
);

/** What a model may say of itself in `<stem>.json` beside it. */
export type Sidecar = Readonly<Static<typeof SidecarSchema>>;

/**
 * Reads such a file's text. A key that is unknown or has a value that does not fit is passed over, with a note: nobody
 * looks for a typing error in a file that seems to work.
 */
export function readSidecar(text: string, path: string): { sidecar: Sidecar; notes: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { sidecar: {}, notes: [`${path} is not JSON and is passed over: ${String(cause)}.`] };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { sidecar: {}, notes: [`${path} holds no JSON object and is passed over.`] };
  const properties: Readonly<Record<string, TSchema>> = SidecarSchema.properties;
  const sidecar: Record<string, unknown> = {};
  const notes: string[] = [];
  for (const [key, said] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema === undefined)
      notes.push(`${path}: ${key} means nothing; these do: ${Object.keys(properties).join(", ")}.`);
    else if (Value.Check(schema, said)) sidecar[key] = said;
    else notes.push(`${path}: ${key} cannot be ${JSON.stringify(said)} and is passed over.`);
  }
  return { sidecar, notes };
}
