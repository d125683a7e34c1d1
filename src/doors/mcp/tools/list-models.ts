import { Type } from "@sinclair/typebox";
import type { Json } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";
import { readPlain } from "../arguments/read-arguments.ts";
import { toolSchema } from "../arguments/tool-schema.ts";
import type { Tool } from "../call.ts";

const Arguments = Type.Object(
  {
    preset: Type.String({ description: "Tells the defaults that hold with this preset." }),
    model: Type.String({ description: "Tells the sizes and defaults that hold with this checkpoint." }),
  },
  { requiredKeys: [] },
);

const names = (description: string) => Type.Array(Type.String(), { description });

const Choices = Type.Object({
  models: names("Checkpoints, for model."),
  loras: names("LoRAs, for loras."),
  styles: names("Styles, for styles."),
  sizes: names("Sizes that suit the model, for size."),
  samplers: names("Samplers, for sampler."),
  schedulers: names("Schedules, for scheduler."),
  presets: names("Presets, for preset."),
  performances: Type.Array(
    Type.Object({
      name: Type.String(),
      steps: Type.Integer(),
      usable: Type.Boolean(),
      lacks: Type.String({ description: "What it would be refused for; empty where it is usable." }),
    }),
    { description: "Modes, for performance." },
  ),
  defaults: Type.Object({
    model: Type.String(),
    size: Type.String(),
    performance: Type.String(),
    styles: Type.Array(Type.String()),
    loras: Type.Array(Type.String()),
  }),
  warnings: names("Arguments that were passed over."),
});

/** Tells what there is to choose from. */
export const listModels: Tool = {
  listed: {
    name: "list_models",
    title: "List models and other choices",
    description:
      "Tells which models, LoRAs, styles, sizes, modes, samplers and presets this server has now, and what it uses where " +
      "nothing is said.",
    inputSchema: toolSchema(Arguments),
    outputSchema: toolSchema(Choices),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  call: (given, { parts }) => {
    const { said, warnings } = readPlain(Arguments, given);
    const { preset, model } = said;
    if (typeof model === "string") refuseUnknown(model, parts.catalog.names("checkpoints"));
    const { fields, performances, defaults } = parts.choices({
      ...(typeof preset === "string" ? { preset } : {}),
      ...(typeof model === "string" ? { base_model_name: model } : {}),
    });
    const choices = {
      models: fields.base_model_name,
      loras: fields.loras,
      styles: fields.style_selections,
      sizes: fields.aspect_ratios_selection,
      samplers: fields.sampler_name,
      schedulers: fields.scheduler_name,
      presets: fields.preset,
      performances: Object.entries(performances).map(modeOf),
      defaults: {
        model: textOf(defaults["base_model_name"]),
        size: textOf(defaults["aspect_ratios_selection"]),
        performance: textOf(defaults["performance_selection"]),
        styles: itemsOf(defaults["style_selections"]).map(textOf),
        loras: itemsOf(defaults["loras"]).map((lora) => textOf(partOf(lora, "model_name"))),
      },
      warnings,
    };
    return Promise.resolve({
      content: [{ type: "text", text: JSON.stringify(choices) }],
      structuredContent: choices,
    });
  },
};

/** What holds with a checkpoint that is not there would be told of another one. @throws RequestError `unknown-model` */
function refuseUnknown(model: string, names: readonly string[]): void {
  if (names.includes(model)) return;
  const near = nearestNames(model, names);
  const hint = near.length === 0 ? "there is none at all" : `similar: ${near.join(", ")}`;
  const message = `model: There is no checkpoint called ${JSON.stringify(model.slice(0, 300))}; ${hint}.`;
  throw new RequestError("unknown-model", message, { field: "model" });
}

function modeOf([name, mode]: readonly [string, Json]) {
  const lacks = partOf(mode, "lacks");
  return {
    name,
    steps: Number(partOf(mode, "steps")),
    usable: typeof lacks !== "string",
    lacks: textOf(lacks),
  };
}

const partOf = (value: Json, name: string): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? ((value as Record<string, Json>)[name] ?? null)
    : null;

const itemsOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
