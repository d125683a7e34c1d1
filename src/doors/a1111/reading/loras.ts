import type { GenerateRequest } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import { likelyNames } from "#/lib/nearest-names.ts";
import type { Tag } from "./prompt.ts";
import { stem } from "./stem.ts";

type Loras = NonNullable<GenerateRequest["loras"]>;

const [heaviest, most] = [2, 50] as const;

/**
 * The LoRAs that a prompt names, by their files. One that is not there adds nothing, as in A1111, and is told.
 *
 * @param files names of LoRAs that are there
 * @throws RequestError `invalid-value` for a weight that is none, or beyond what is taken
 */
export function readLoras(
  tags: readonly Tag[],
  files: readonly string[],
): Readonly<{ loras: Loras; warnings: readonly string[] }> {
  if (tags.length > most) {
    const message = `The prompt names ${tags.length} LoRAs; ${most} are taken.`;
    throw new RequestError("invalid-value", message, { field: "prompt" });
  }
  const warnings: string[] = [];
  const loras: Loras[number][] = [];
  for (const { kind, name, weight, said } of tags) {
    if (kind !== "lora" && kind !== "lyco") {
      warnings.push(`${said}: there is no ${kind} here; it adds nothing.`);
      continue;
    }
    if (Number.isNaN(weight) || Math.abs(weight) > heaviest) {
      const message = `The weight in ${said} is to be a number from -${heaviest} to ${heaviest}.`;
      throw new RequestError("invalid-value", message, { field: "prompt", value: said });
    }
    const file = files.find((one) => one === name) ?? files.find((one) => same(stem(one), stem(name)));
    if (file !== undefined) loras.push({ enabled: true, model_name: file, weight });
    else {
      const near = likelyNames(name, files.map(stem));
      const similar = near.length === 0 ? "" : ` (similar: ${near.join(", ")})`;
      warnings.push(`${said}: there is no LoRA of this name${similar}; it adds nothing.`);
    }
  }
  return { loras, warnings };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
