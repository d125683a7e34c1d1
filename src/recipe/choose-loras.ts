import type { GenerateParams } from "#/api/generate.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import { RequestError } from "#/lib/errors.ts";
import { knownName } from "./names.ts";
import { modeOf, type PerformanceName } from "./performance.ts";
import type { InlineLora } from "./prompt-syntax.ts";
import { type ChosenLora, taggedLoras } from "./tagged-loras.ts";
import { someOf } from "./warnings.ts";

/** LoRAs of request and prompt together, once the prompt names some (Fooocus' default_max_lora_number). */
const loraLimit = 5;

/** The LoRAs that are there, and what checkpoints say of theirs. */
type Shelf = Readonly<{ loras: readonly string[]; sidecar: (checkpoint: string) => Sidecar }>;

/** The LoRA that a mode draws with: the checkpoint's own, else the one made for SDXL; undefined for a mode without one. */
export const loraOfMode = (
  name: PerformanceName,
  base: string,
  { sidecar }: Pick<Shelf, "sidecar">,
): string | undefined => {
  const { distilled } = modeOf({ performance_selection: name });
  return distilled && (sidecar(base).performance_loras?.[name] ?? distilled.lora);
};

/** Says that it is not there. */
export const absentLora = (mode: PerformanceName, base: string, lora: string): string =>
  `${mode} with ${base} needs the LoRA ${lora}, which is not in the loras folder.`;

/**
 * The request's LoRAs, those of the prompt, then the performance mode's own.
 *
 * @param base   the checkpoint
 * @param inline tags of the prompt
 * @throws RequestError `unknown-model` or `missing-model` for one that is not there; for a tag that is a warning
 */
export function chooseLoras(
  params: GenerateParams,
  base: string,
  inline: readonly InlineLora[],
  shelf: Shelf,
): Readonly<{ chosen: readonly ChosenLora[]; warnings: readonly string[] }> {
  const { distilled } = modeOf(params);
  const own = loraOfMode(params.performance_selection, base, shelf);
  const asked = params.loras.flatMap(({ enabled, model_name, weight }, index): readonly ChosenLora[] => {
    const field = `loras.${index}.model_name`;
    return enabled && model_name !== "None"
      ? [{ name: knownName(model_name, shelf.loras, field, "LoRA"), weight, field }]
      : [];
  });
  const { tagged, warnings } = taggedLoras(inline, {
    loras: shelf.loras,
    asked,
    ...(own === undefined ? {} : { own }),
  });
  const all = [...asked, ...tagged];
  const chosen = tagged.length === 0 ? asked : all.slice(0, loraLimit);
  if (all.length > chosen.length) {
    const left = someOf(all.slice(chosen.length).map(({ name, weight }) => `${name} (${weight})`));
    warnings.push(
      `Only the first ${loraLimit} LoRAs are used where the prompt names some, as in Fooocus; left out: ${left}.`,
    );
  }
  if (distilled === undefined || own === undefined) return { chosen, warnings };
  if (!shelf.loras.includes(own)) {
    const message = absentLora(params.performance_selection, base, own);
    throw new RequestError("missing-model", message, { field: "performance_selection", name: own });
  }
  const { weight } = distilled;
  return { chosen: [...chosen, { name: own, weight, field: "performance_selection" }], warnings };
}
