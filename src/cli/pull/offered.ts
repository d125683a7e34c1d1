import { downloads } from "#/catalog/downloads.ts";
import { readPresets } from "#/recipe/read-presets.ts";

/** What may be pulled by name: presets, then files. */
export const offered = (): readonly string[] => [
  ...readPresets(new Map(), () => undefined).presets.keys(),
  ...downloads.map(({ name }) => name),
];
