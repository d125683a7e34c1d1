import type { GenerateParams } from "#/api/generate.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import { RequestError } from "#/lib/errors.ts";

/** Why a file that lies in a model folder is not offered there; undefined where it is, or where there is none. */
export type Unreadable = (kind: ModelKind, name: string) => string | undefined;

/**
 * Refuses files that are there and are not offered, pickles above all, for what they are: that they do not exist would
 * be wrong, and no help.
 *
 * @throws RequestError `unknown-model` naming the field
 */
export function refuseUnreadable(
  {
    base_model_name: base,
    refiner_model_name: refiner,
    vae_name: vae,
    loras,
  }: Pick<GenerateParams, "base_model_name" | "refiner_model_name" | "vae_name" | "loras">,
  unreadable: Unreadable,
): void {
  const named: readonly (readonly [ModelKind, string, string])[] = [
    ["checkpoints", base, "base_model_name"],
    ["checkpoints", refiner, "refiner_model_name"],
    ["vae", vae, "vae_name"],
    ...loras.flatMap(({ enabled, model_name }, index) =>
      enabled ? [["loras", model_name, `loras.${index}.model_name`] as const] : [],
    ),
  ];
  for (const [kind, name, field] of named) {
    const why = unreadable(kind, name);
    if (why === undefined) continue;
    throw new RequestError("unknown-model", `${name} cannot be read: ${why}.`, { field, value: name });
  }
}
