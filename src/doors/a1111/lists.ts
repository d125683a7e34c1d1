import type { Json } from "#/api/json.ts";
import type { DoorParts } from "#/routes/door.ts";
import { controlModels, controlModules } from "./reading/control-kinds.ts";
import { readMethod, samplers, schedules } from "./reading/methods.ts";
import { stem } from "./reading/stem.ts";
import { plainUpscalers } from "./upscalers.ts";

/** What lists are made of. */
export type ListParts = Pick<DoorParts, "catalog" | "styles">;

/** Something that clients ask for, as it is now: where, what it is, and how it is told. */
export type List = Readonly<{
  path: string;
  name: string;
  summary: string;
  told: (parts: ListParts) => Json;
}>;

const list = (name: string, summary: string, told: List["told"], path = `/sdapi/v1/${name}`): List => ({
  path,
  name: name.replaceAll(/\W/g, "_"),
  summary,
  told,
});

/** Where a file lies below the models folder; where that is, is nobody's business. */
const files =
  (kind: "checkpoints" | "loras" | "vae" | "upscale_models" | "embeddings") =>
  ({ catalog }: ListParts): readonly Readonly<{ name: string; path: string }>[] =>
    catalog.names(kind).map((name) => ({ name, path: `${kind}/${name}` }));

const vaes = (parts: ListParts): Json =>
  files("vae")(parts).map(({ name, path }) => ({ model_name: name, filename: path }));

/** Everything that is asked with GET and depends on what is there alone. */
export const lists: readonly List[] = [
  list("sd-models", "Checkpoints", (parts) =>
    files("checkpoints")(parts).map(({ name, path }) => ({
      title: name,
      model_name: stem(name),
      hash: null,
      sha256: null,
      filename: path,
      config: null,
    })),
  ),
  list("sd-vae", "VAE files", vaes),
  list("sd-modules", "VAE files, as Forge's clients ask", vaes),
  list("loras", "LoRAs", (parts) =>
    files("loras")(parts).map(({ name, path }) => ({
      name: stem(name),
      alias: stem(name),
      path,
      metadata: {},
    })),
  ),
  list("samplers", "Samplers", () =>
    samplers.map(({ name, aliases }) => ({
      name,
      aliases: [...aliases],
      options: { scheduler: readMethod(name, null).schedule },
    })),
  ),
  list("schedulers", "Schedules", () =>
    schedules.map(({ name, label, aliases, rho, needsModel }) => ({
      name,
      label,
      aliases: aliases === null ? null : [...aliases],
      default_rho: rho,
      need_inner_model: needsModel,
    })),
  ),
  list("upscalers", "What enlarges pictures", (parts) => [
    ...plainUpscalers.map((name) => ({
      name,
      model_name: null,
      model_path: null,
      model_url: null,
      scale: 4,
    })),
    ...files("upscale_models")(parts).map(({ name, path }) => ({
      name: stem(name),
      model_name: stem(name),
      model_path: path,
      model_url: null,
      scale: 4,
    })),
  ]),
  list("latent-upscale-modes", "Ways to enlarge latents: none", () => []),
  list("realesrgan-models", "Networks that enlarge pictures", (parts) =>
    files("upscale_models")(parts).map(({ name, path }) => ({ name: stem(name), path, scale: 4 })),
  ),
  list("embeddings", "Textual inversions", (parts) => ({
    loaded: Object.fromEntries(
      files("embeddings")(parts).map(({ name }) => [
        stem(name),
        { step: null, sd_checkpoint: null, sd_checkpoint_name: null, shape: null, vectors: null },
      ]),
    ),
    skipped: {},
  })),
  list("prompt-styles", "Styles and their texts", ({ styles = [] }) =>
    styles.map(({ name, prompt, negative_prompt }) => ({ name, prompt, negative_prompt })),
  ),
  list("hypernetworks", "Hypernetworks: none", () => []),
  list("face-restorers", "What restores faces: nothing", () => []),
  list("extensions", "Extensions: none", () => []),
  list("scripts", "Scripts: ControlNet", () => ({ txt2img: ["controlnet"], img2img: ["controlnet"] })),
  list("script-info", "Scripts and what they are given", () =>
    [false, true].map((isOfPicture) => ({
      name: "controlnet",
      is_alwayson: true,
      is_img2img: isOfPicture,
      args: [],
    })),
  ),
  list("cmd-flags", "How the server was started, as A1111 would say it", () => ({
    api: true,
    nowebui: true,
  })),
  list("controlnet/version", "ControlNet's version", () => ({ version: 3 }), "/controlnet/version"),
  list(
    "controlnet/model_list",
    "What pictures can guide by",
    () => ({ model_list: [...controlModels] }),
    "/controlnet/model_list",
  ),
  list(
    "controlnet/module_list",
    "How they are prepared",
    () => ({ module_list: [...controlModules] }),
    "/controlnet/module_list",
  ),
];
