import { performances } from "#/api/generate-objects.ts";
import presetFile from "#/assets/presets/presets.json";
import type { Downloadable } from "#/catalog/downloads.ts";
import { readFooocusKeys } from "#/config/fooocus-keys.ts";
import type { Preset } from "./preset.ts";
import { presetAddresses } from "./preset-files.ts";

/** Presets by their names, and where their files are to be had, as far as their own files say. */
export type Presets = Readonly<{
  presets: ReadonlyMap<string, Preset>;
  addresses: ReadonlyMap<string, readonly Downloadable[]>;
}>;

/**
 * The presets that ship with us; those of a Fooocus folder win over ours of the same name.
 *
 * @param own  as their files hold them
 * @param tell hears of what does not fit
 */
export function readPresets(own: ReadonlyMap<string, unknown>, tell: (note: string) => void): Presets {
  const raw = new Map<string, unknown>([...Object.entries(presetFile), ...own]);
  const entries = [...raw];
  return {
    presets: new Map(entries.map(([name, value]) => [name, readPreset(name, value, tell)])),
    addresses: new Map(entries.map(([name, value]) => [name, presetAddresses(value)])),
  };
}

/** A preset's keys that mean something here and have a value that fits. */
function readPreset(name: string, value: unknown, tell: (note: string) => void): Preset {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    tell(`presets/${name}.json holds no JSON object and says nothing.`);
    return {};
  }
  const values: Readonly<Record<string, unknown>> = { ...value };
  const { keys, notes } = readFooocusKeys(values, `presets/${name}.json`);
  for (const note of notes) tell(note);
  const performance = performances.find((one) => one === values["default_performance"]);
  return { ...keys, ...(performance === undefined ? {} : { default_performance: performance }) };
}
