import { isObject, textOf } from "../values.ts";

/** A LoRA of the form; its weight as typed. */
export type LoraDraft = Readonly<{ enabled: boolean; name: string; weight: string }>;

/** The name that means none. */
export const noLora = "None";

/** LoRAs as requests have them, objects, or as records do: one flat list of three values each. */
export function lorasOf(list: unknown): readonly LoraDraft[] {
  const values: readonly unknown[] = Array.isArray(list) ? list : [];
  const slots = values.some(isObject)
    ? values.map((one) => (isObject(one) ? [one["enabled"], one["model_name"], one["weight"] ?? 1] : []))
    : Array.from({ length: Math.floor(values.length / 3) }, (_, at) => values.slice(3 * at, 3 * at + 3));
  return slots
    .map(([enabled, name, weight]) => ({
      enabled: enabled === true,
      name: textOf(name),
      weight: textOf(weight),
    }))
    .filter(({ name }) => name !== "" && name !== noLora);
}

/** The same for a request. */
export const loraFields = (loras: readonly LoraDraft[]) =>
  loras.map(({ enabled, name, weight }) => ({ enabled, model_name: name, weight: Number(weight) }));

/** Whether two lists would draw the same. */
export const areSameLoras = (a: readonly LoraDraft[], b: readonly LoraDraft[]): boolean =>
  JSON.stringify(loraFields(a)) === JSON.stringify(loraFields(b));
