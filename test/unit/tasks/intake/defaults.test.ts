import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { Examiner } from "#/catalog/examine.ts";
import type { Preset } from "#/recipe/preset.ts";
import {
  absentDefaults,
  absentOfPreset,
  type DefaultSources,
  serverDefaults,
  unusableDefaults,
} from "#/tasks/intake/defaults.ts";
import { writeShapes, writeTinyCheckpoint, writeTinyLora } from "../../../support/tiny-models.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-defaults-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const name of [
  "checkpoints/demo.safetensors",
  "checkpoints/big.safetensors",
  "loras/there.safetensors",
]) {
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), name);
}
writeFileSync(
  join(root, "checkpoints/demo.json"),
  '{"default_aspect_ratio": "256*256", "default_guidance_scale": 5.5, "default_loras": [[true, "there.safetensors", 0.5]]}',
);

const presets: DefaultSources["presets"] = new Map([
  ["default", { default_model: "big.safetensors", default_cfg_scale: 4, default_performance: "Quality" }],
  ["anime", { default_cfg_scale: 6, default_sampler: "lcm" }],
]);
const defaults = (more: Partial<DefaultSources> = {}) =>
  serverDefaults({
    presets,
    preset: "default",
    precision: "full",
    fooocusKeys: { file: {}, environment: {} },
    catalog: new Catalog([root]),
    styles: ["Plain"],
    ...more,
  });

test("later sources win: contract, default preset, config.txt, preset, environment", () => {
  const file = { default_cfg_scale: 5, default_sampler: "euler", default_clip_skip: 1 };
  const environment = { default_sampler: "ddim" };
  expect(defaults()).toMatchObject({ guidance_scale: 4, sampler_name: "dpmpp_2m_sde_gpu", clip_skip: 2 });
  expect(defaults({ fooocusKeys: { file, environment: {} } })).toMatchObject({
    guidance_scale: 5,
    sampler_name: "euler",
    clip_skip: 1,
  });
  expect(defaults({ preset: "anime", fooocusKeys: { file, environment: {} } })).toMatchObject({
    guidance_scale: 6,
    sampler_name: "lcm",
  });
  expect(defaults({ preset: "anime", fooocusKeys: { file, environment } }).sampler_name).toBe("ddim");
});

test("performance and number of images stay the contract's", () => {
  expect(defaults()).toMatchObject({ performance_selection: "Speed", image_number: 1, image_seed: -1n });
});

test("the checkpoint is one that is there, and brings what it says of itself", () => {
  expect(defaults()).toMatchObject({
    base_model_name: "big.safetensors",
    aspect_ratios_selection: "1152*896",
    loras: [{ model_name: "None" }, { model_name: "None" }, { model_name: "None" }, { model_name: "None" }],
  });
  const demo = { file: { default_model: "demo.safetensors" }, environment: {} };
  expect(defaults({ fooocusKeys: demo })).toMatchObject({
    base_model_name: "demo.safetensors",
    aspect_ratios_selection: "256*256",
    loras: [{ enabled: true, model_name: "there.safetensors", weight: 0.5 }],
  });
  const sized = { file: { ...demo.file, default_aspect_ratio: "512*512" }, environment: {} };
  expect(defaults({ fooocusKeys: sized }).aspect_ratios_selection).toBe("512*512");
  const gone = {
    file: { default_model: "gone", previous_default_models: ["demo.safetensors"] },
    environment: {},
  };
  expect(defaults({ fooocusKeys: gone }).base_model_name).toBe("demo.safetensors");
});

test("styles that cannot be applied are no default", () => {
  const file = { default_styles: ["Fooocus V2", "Plain", "Somebody's"] };
  const { style_selections } = defaults({ fooocusKeys: { file, environment: {} } });
  expect(style_selections).toEqual(["Fooocus V2", "Plain"]);
});

test("a checkpoint's own guidance and size count when it is the base, below config.txt, --preset and environment", () => {
  const named = (more: Partial<DefaultSources> = {}) => defaults({ base: "demo.safetensors", ...more });
  expect(named()).toMatchObject({ guidance_scale: 5.5, aspect_ratios_selection: "256*256" });
  expect(defaults()).toMatchObject({ guidance_scale: 4, aspect_ratios_selection: "1152*896" });
  const keys = { default_cfg_scale: 3 };
  expect(named({ fooocusKeys: { file: keys, environment: {} } }).guidance_scale).toBe(3);
  expect(named({ fooocusKeys: { file: {}, environment: keys } }).guidance_scale).toBe(3);
  expect(named({ preset: "anime" }).guidance_scale).toBe(6);
});

test("what config.txt and the environment name and is not there is told; what the presets name is not", () => {
  const absent = (file: DefaultSources["fooocusKeys"]["file"]) =>
    absentDefaults({
      fooocusKeys: { file, environment: { default_model: "nope.safetensors" } },
      catalog: new Catalog([root]),
      styles: ["Plain"],
    });
  const styles = { default_styles: ["Plain", "Fooocus V2", "Odd"] };
  expect(absent({ default_model: "big.safetensors", default_vae: "no.safetensors", ...styles })).toEqual([
    "default_model: nope.safetensors",
    "default_vae: no.safetensors",
    "default_styles: Odd",
  ]);
  expect(
    absentDefaults({
      fooocusKeys: { file: { default_model: "big.safetensors" }, environment: {} },
      catalog: new Catalog([root]),
      styles: [],
    }),
  ).toEqual([]);
});

test("a preset whose files are not there started without a word", () => {
  const named = {
    default_model: "pony.safetensors",
    previous_default_models: ["older.safetensors"],
    default_vae: "no.safetensors",
    default_styles: ["Plain", "Odd"],
    default_loras: [
      [true, "gone.safetensors", 1],
      [false, "off.safetensors", 1],
      [true, "None", 1],
    ],
  } as const;
  const absent = (more: Parameters<typeof presets.get>[0], said: Preset = named, environment = {}) =>
    absentOfPreset({
      presets: new Map([...presets, ["pony", said]]),
      preset: more,
      fooocusKeys: { file: {}, environment },
      catalog: new Catalog([root]),
      styles: ["Plain"],
    });
  expect(absent("pony")).toEqual([
    "preset pony: default_model: pony.safetensors",
    "preset pony: default_vae: no.safetensors",
    "preset pony: default_loras: gone.safetensors",
    "preset pony: default_styles: Odd",
  ]);
  expect(absent("pony", { ...named, previous_default_models: ["demo.safetensors"] })).toHaveLength(3);
  expect(absent("pony", named, { default_vae: "Default (model)", default_loras: [] })).toHaveLength(2);
  for (const name of ["default", "anime", "initial"]) expect(absent(name)).toEqual([]);
});

test("defaults that are there and cannot be used are told, a sentence a file", () => {
  const own = mkdtempSync(join(tmpdir(), "fooocusd-defaults-"));
  for (const kind of ["checkpoints", "loras", "vae"]) mkdirSync(join(own, kind));
  writeTinyCheckpoint(join(own, "checkpoints/good.safetensors"));
  writeTinyLora(join(own, "loras/good.safetensors"));
  for (const name of ["checkpoints/bad", "loras/bad", "vae/bad"])
    writeShapes(join(own, `${name}.safetensors`), new Map([["a.weight", [64, 64]]]));
  const shelf = { catalog: new Catalog([own]), examiner: new Examiner() };
  const lora = (name: string, enabled = true) => ({ enabled, model_name: `${name}.safetensors`, weight: 1 });
  const told = (
    base: string,
    vae = "Default (model)",
    loras = [lora("good"), lora("bad"), lora("bad", false)],
  ) =>
    unusableDefaults({ base_model_name: base, vae_name: vae, loras }, shelf).map(
      (text) => text.split(". ")[0],
    );
  expect(told("bad.safetensors")).toEqual([
    "This server's default checkpoint bad.safetensors cannot be used",
  ]);
  expect(told("good.safetensors")).toEqual(["This server's default LoRA bad.safetensors cannot be used"]);
  expect(told("good.safetensors", "bad.safetensors")).toEqual([
    "This server's default VAE bad.safetensors cannot be used",
  ]);
  expect(told("gone.safetensors")).toEqual([]);
  rmSync(own, { recursive: true, force: true });
});
