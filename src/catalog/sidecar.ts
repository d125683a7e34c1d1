import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { predictionOf } from "#/weights/layouts/parameterisation.ts";

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
    /** The side of the square of as many pixels as it draws best: input pictures are brought to so many. */
    size_number: Type.Integer({ minimum: 64, maximum: 4096, multipleOf: 64 }),
    /** What it predicts, and whether its betas end in pure noise: this wins over what the checkpoint says of itself. */
    prediction_type: Type.Union([Type.Literal("eps"), Type.Literal("v"), Type.Literal("edm")]),
    zero_terminal_snr: Type.Boolean(),
    /** For previews of a latent space that is not SDXL's: RGB, -1 to 1, of one unit of each channel, and of none. */
    latent_colours: Type.Array(colour, { minItems: 5, maxItems: 5 }),
  }),
);

/** What a model may say of itself in `<stem>.json` beside it. */
export type Sidecar = Readonly<Static<typeof SidecarSchema>>;

/** Such a file as it was read. Sentences begin with its name. */
export type SidecarReading = Readonly<{
  sidecar: Sidecar;
  /** Keys that mean nothing; other programs keep files of the same name. */
  unknown: readonly string[];
  /** What it means to say and cannot, so that pictures may be other ones than its owner thinks. */
  faults: readonly string[];
}>;

/**
 * Reads such a file's text. A key that is unknown or has a value that does not fit is passed over, with a sentence: nobody
 * looks for a typing error in a file that seems to work.
 *
 * @param name its name in the sentences
 */
export function readSidecar(text: string, name: string): SidecarReading {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, "")); // some editors begin a file with a mark of its encoding
  } catch (cause) {
    const fault = `${name} is not JSON and is passed over: ${String(cause).slice(0, longestShown)}.`;
    return { sidecar: {}, unknown: [], faults: [fault] };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { sidecar: {}, unknown: [], faults: [`${name} holds no JSON object and is passed over.`] };
  const properties: Readonly<Record<string, TSchema>> = SidecarSchema.properties;
  const sidecar: Record<string, unknown> = {};
  const unknown: string[] = [];
  const faults: string[] = [];
  for (const [key, raw] of Object.entries(value)) {
    const said = key === "prediction_type" && typeof raw === "string" ? (predictionOf(raw) ?? raw) : raw;
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema === undefined)
      unknown.push(
        `${name}: ${key.slice(0, longestShown)} means nothing; these do: ${Object.keys(properties).join(", ")}.`,
      );
    else if (Value.Check(schema, said)) sidecar[key] = said;
    else faults.push(`${name}: ${key} cannot be ${shown(said)} and is passed over.`);
  }
  return { sidecar, unknown, faults };
}

/** Letters of a value or a word that a sentence has room for. */
const longestShown = 100;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
}
