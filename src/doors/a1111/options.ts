import { type Json, type JsonObject, writeJson } from "#/api/json.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { RequestError } from "#/lib/errors.ts";
import { modelCalled } from "./reading/model-names.ts";

/** What options decide of a picture. */
export type Chosen = Readonly<{
  /** A checkpoint's file. */
  checkpoint: string;
  /** A VAE's file; none is the checkpoint's own. */
  vae: string | undefined;
  /** As a request of ours counts. */
  clipSkip: number;
  format: string;
}>;

/** The options of this server, as A1111's clients know them: kept as long as it runs. */
export type Options = Readonly<{
  /** All of them, as they are answered. */
  shown: () => JsonObject;
  /**
   * Takes options.
   *
   * @throws RequestError naming the option
   */
  set: (options: JsonObject) => void;
  /**
   * What they decide for a request.
   *
   * @param own of the request alone
   * @throws RequestError naming the option
   */
  chosenFor: (own: JsonObject) => Readonly<{ chosen: Chosen; warnings: readonly string[] }>;
}>;

/** Values that mean the checkpoint's own VAE. */
const ownVae: readonly string[] = ["", "none", "automatic"];

const formats: readonly string[] = ["png", "jpg", "jpeg", "webp"];

/** Characters of all options as JSON. */
const mostKept = 100_000;

/** The options that mean something here; all others are kept and do nothing. */
const known = {
  sd_model_checkpoint: null,
  sd_vae: "Automatic",
  CLIP_stop_at_last_layers: 1,
  samples_format: "png",
} as const satisfies JsonObject;

/** What else is answered to clients that look for it; it is what is so here. */
const facts: JsonObject = {
  sd_checkpoint_hash: "",
  return_grid: false,
  grid_save: false,
  live_previews_enable: true,
  show_progress_every_n_steps: 1,
};

/** @param usual the checkpoint of requests that name none */
export function createOptions(catalog: Pick<Catalog, "names">, usual: () => string): Options {
  const held = new Map<string, Json>();
  /** A checkpoint that was set and is gone since. */
  const gone = (): string | undefined => {
    const said = held.get("sd_model_checkpoint");
    return typeof said !== "string" || catalog.names("checkpoints").includes(said) ? undefined : said;
  };
  const checkpoint = (): string => {
    const said = held.get("sd_model_checkpoint");
    // One that is gone since is no reason to answer nothing.
    return typeof said === "string" && gone() === undefined ? said : usual();
  };
  const all = (own: JsonObject): JsonObject => ({ ...known, ...Object.fromEntries(held), ...own });
  const read = (options: JsonObject, fieldOf: (option: string) => string): Chosen => {
    const { CLIP_stop_at_last_layers: skip, samples_format } = options;
    const model = name(options, "sd_model_checkpoint", fieldOf);
    const vae = name(options, "sd_vae", fieldOf);
    const file = (said: string, kind: "checkpoints" | "vae", what: string, option: string): string =>
      modelCalled(said, catalog.names(kind), { field: fieldOf(option), what });
    return {
      checkpoint:
        model !== "" ? file(model, "checkpoints", "checkpoint", "sd_model_checkpoint") : checkpoint(),
      vae: ownVae.includes(vae.toLowerCase()) ? undefined : file(vae, "vae", "VAE", "sd_vae"),
      clipSkip: clipSkip(skip ?? 1, fieldOf("CLIP_stop_at_last_layers")),
      format: format(samples_format ?? "png", fieldOf("samples_format")),
    };
  };
  return {
    shown: () => ({ ...facts, ...all({}), sd_model_checkpoint: checkpoint() }),
    set: (options) => {
      const chosen = read(all(options), (option) => option);
      if (writeJson(all(options)).length > mostKept) {
        const message = `The options would be more than ${mostKept} characters; that many are kept.`;
        throw new RequestError("too-large", message);
      }
      for (const [name, value] of Object.entries(options)) held.set(name, value);
      if (typeof options["sd_model_checkpoint"] === "string")
        held.set("sd_model_checkpoint", chosen.checkpoint);
    },
    chosenFor: (own) => {
      const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
      const lost = said["sd_model_checkpoint"] === undefined ? gone() : undefined;
      return {
        chosen: read(
          { ...all(said), sd_model_checkpoint: said["sd_model_checkpoint"] ?? checkpoint() },
          (option) => (Object.hasOwn(said, option) ? `override_settings.${option}` : option),
        ),
        warnings: [
          ...(lost === undefined
            ? []
            : [`The option sd_model_checkpoint is ${lost}, which is gone: ${checkpoint()} was used.`]),
          ...idle(Object.keys(said), "override_settings"),
          ...idle([...held.keys()], "options"),
        ],
      };
    },
  };
}

function idle(names: readonly string[], where: string): readonly string[] {
  const unused = names.filter((name) => !Object.hasOwn(known, name) && !Object.hasOwn(facts, name));
  if (unused.length === 0) return [];
  const list = unused.slice(0, 10).map((name) => name.slice(0, 60));
  const more = unused.length > list.length ? ` and ${unused.length - list.length} more` : "";
  return [`Of ${where} these change nothing here: ${list.join(", ")}${more}.`];
}

/** A model's name; nothing for one that is not said. */
function name(options: JsonObject, option: string, fieldOf: (option: string) => string): string {
  const said = options[option] ?? "";
  if (typeof said === "string") return said;
  const field = fieldOf(option);
  throw new RequestError("invalid-value", `${field} is to be the name of a file, as a text.`, { field });
}

/** SDXL's encoders give the layer before the last to A1111, whatever it is told of less. */
function clipSkip(said: Json, field: string): number {
  const number = typeof said === "string" ? Number(said) : said;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= 12)
    return Math.max(2, number);
  throw new RequestError("invalid-value", `${field} is to be a whole number from 1 to 12.`, { field });
}

function format(said: Json, field: string): string {
  const known = typeof said === "string" ? said.toLowerCase() : "";
  if (formats.includes(known)) return known;
  throw new RequestError("invalid-value", `${field} is to be one of ${formats.join(", ")}.`, { field });
}
