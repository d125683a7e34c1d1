import { Refused } from "./complaint.ts";
import type { Server } from "./server.ts";
import { textOf } from "./values.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The name of a preset that is none. */
const noPreset = "initial";

/**
 * What fields mean that a record or a request does not say, for the preset and the model that it says; and what it says, without
 * a preset that cannot be used here any more: its values are said one by one then.
 */
export async function meaningOf(server: Server, params: Fields) {
  const named = textOf(params["preset"]);
  const preset = named === noPreset ? "" : named;
  const model = textOf(params["base_model_name"]);
  const read = (name: string, base: string) =>
    server.choices({ preset: name, base_model_name: base }).catch((error: unknown) => {
      if (error instanceof Refused) return undefined;
      throw error;
    });
  const said = (preset === "" ? undefined : await read(preset, model)) ?? (await read("", model));
  const used = said === undefined || said.defaults["preset"] === noPreset ? "" : preset;
  const plain = await read(used, "");
  const own = textOf(plain?.defaults["base_model_name"]);
  return {
    params: used === preset ? params : { ...params, preset: noPreset },
    defaults: { ...(said ?? plain)?.defaults, base_model_name: own, preset: noPreset },
  };
}
