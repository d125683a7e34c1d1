import { type Downloadable, downloadOf } from "#/catalog/downloads.ts";
import { expansionNames } from "#/catalog/expansion-files.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import { modeOf } from "./performance.ts";
import { ownVae, type Preset } from "./preset.ts";
import { expansionStyle } from "./styles.ts";

/** A file that a preset names. */
export type PresetFile = Readonly<{ folder: ModelKind; name: string }>;

/** The files that a preset draws with, each once: its models, the LoRA of its performance, what its styles need. */
export function presetFiles({
  default_model: base,
  default_refiner: refiner,
  default_vae: vae,
  default_loras: loras = [],
  default_performance: performance,
  default_styles: styles = [],
}: Preset): readonly PresetFile[] {
  const named = (folder: ModelKind, name: string | undefined): readonly PresetFile[] =>
    name === undefined || name === "None" || name === "" || name === ownVae ? [] : [{ folder, name }];
  const mode = performance === undefined ? undefined : modeOf({ performance_selection: performance });
  const files = [
    ...named("checkpoints", base),
    ...named("checkpoints", refiner),
    ...named("vae", vae),
    ...loras.flatMap(([enabled, name]) => (enabled ? named("loras", name) : [])),
    ...named("loras", mode?.distilled?.lora),
    ...(styles.includes(expansionStyle)
      ? Object.values(expansionNames).flatMap(([name]) => named("prompt_expansion", name))
      : []),
  ];
  return [...new Map(files.map((file) => [`${file.folder}/${file.name}`, file])).values()];
}

/** Where Fooocus' preset files say that files are to be had, by the folder these belong to. */
const saidIn = {
  checkpoint_downloads: "checkpoints",
  lora_downloads: "loras",
  vae_downloads: "vae",
  embeddings_downloads: "embeddings",
} as const satisfies Readonly<Record<string, ModelKind>>;

/** The addresses that a preset's own file names. */
export function presetAddresses(raw: unknown): readonly Downloadable[] {
  if (typeof raw !== "object" || raw === null) return [];
  const values: Readonly<Record<string, unknown>> = { ...raw };
  return Object.entries(saidIn).flatMap(([key, folder]) => {
    const said = values[key];
    if (typeof said !== "object" || said === null) return [];
    return Object.entries(said).flatMap(([name, address]: [string, unknown]) =>
      typeof address === "string" ? [{ folder, name, address, ...knownOf(name, folder, address) }] : [],
    );
  });
}

/** Where a file of a preset is to be had: as the preset's own file says, else as it is known here. */
export const sourceOf = (
  said: readonly Downloadable[],
  { folder, name }: PresetFile,
): Downloadable | undefined =>
  said.find((one) => one.folder === folder && one.name === name) ?? downloadOf(name, folder);

/** What is known of a file of that name counts for the same address alone. */
function knownOf(name: string, folder: ModelKind, address: string): Partial<Downloadable> {
  const known = downloadOf(name, folder);
  return known?.address === address ? known : {};
}
