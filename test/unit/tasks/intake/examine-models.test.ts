import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { Examiner } from "#/catalog/examine.ts";
import { ModelError } from "#/lib/errors.ts";
import {
  examineInTurn,
  examineModels,
  type ModelChoice,
  unusableModel,
} from "#/tasks/intake/examine-models.ts";
import { goldenPath, tinyCheckpoint } from "../../../support/golden.ts";
import { packedModel } from "../../../support/packed-model.ts";
import { sdxlBase, sdxlShapes } from "../../../support/sdxl-layout.ts";
import { loraShapes, writeShapes, writeTinyCheckpoint } from "../../../support/tiny-models.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-examine-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const kind of ["checkpoints", "loras"]) mkdirSync(join(root, kind));

// Of full size as far as headers go; their zeros take no room.
const full = sdxlShapes(sdxlBase);
writeShapes(join(root, "checkpoints/full.safetensors"), full);
writeTinyCheckpoint(join(root, "checkpoints/tiny.safetensors"));
const loras = ["a", "b", "c"].map((name) => `${name}.safetensors`);
for (const name of loras) writeShapes(join(root, "loras", name), loraShapes(full, 8));

const choice = (base: string, names: readonly string[] = []): ModelChoice => ({
  recipe: { base, vae: null, loras: names.map((name) => ({ name, weight: 1 })) },
  loraFields: names.map((_, at) => `loras.${at}.model_name`),
});

test("others have their turn between large files, and no request overtakes another", async () => {
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const examine = examineInTurn();
  const ended: string[] = [];
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  });
  const look = async (name: string, chosen: ModelChoice) => {
    const seen = await examine(chosen, shelf);
    ended.push(name);
    return seen;
  };
  const [first, refused] = await Promise.all([
    look("large", choice("full.safetensors", loras)),
    look("unfit", choice("tiny.safetensors", loras)),
    look("small", choice("tiny.safetensors")),
  ]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
  expect(ended).toEqual(["large", "unfit", "small"]);
  expect(first).toEqual({ notes: [] });
  expect(refused.fault).toMatchObject({ used: { name: "a.safetensors", field: "loras.0.model_name" } });
  expect(examineModels(choice("full.safetensors", loras), shelf)).toEqual(first);
});

test("a refiner is judged as the file beside it says, and told of where the schedule asks it otherwise", () => {
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const name = "named-vpred.safetensors";
  writeTinyCheckpoint(join(root, "checkpoints", name));
  const notes = (schedule: "karras" | "lcm", prediction?: "v" | "eps"): readonly string[] => {
    const sampledAs = prediction === undefined ? {} : { sampledAs: { prediction } };
    const refiner = { name, swap: "joint", at: 3, ...sampledAs } as const;
    const { recipe, ...fields } = choice("tiny.safetensors");
    return examineModels({ ...fields, recipe: { ...recipe, schedule, refiner } }, shelf).notes;
  };
  expect(notes("karras")).toEqual([expect.stringContaining(`${name} may want v-prediction`)]);
  expect(notes("karras", "v")).toEqual([]);
  expect(notes("lcm", "v")).toEqual([expect.stringContaining(`${name} predicts v, but the schedule lcm`)]);
  expect(notes("lcm", "eps")).toEqual([]);
});

test("a PEFT adapter is looked at again when the configuration beside it has changed", async () => {
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const name = "peft/adapter_model.safetensors";
  mkdirSync(join(root, "loras/peft"));
  copyFileSync(goldenPath("models/lora-peft-save-pretrained.safetensors"), join(root, "loras", name));
  const look = () => examineModels(choice("golden.safetensors", [name]), shelf);
  copyFileSync(await tinyCheckpoint(), join(root, "checkpoints/golden.safetensors"));
  expect(look().notes.join()).toContain("its alpha is not known");
  const config = join(root, "loras/peft/adapter_config.json");
  writeFileSync(config, "{");
  expect(look().fault?.error.message).toContain("the adapter_config.json beside it is not a JSON object");
  writeFileSync(config, JSON.stringify({ peft_type: "LORA", r: 2, lora_alpha: 8 }));
  expect(look()).toEqual({ notes: [] });
});

test("a file for a part of its own that is not there is told with its folder and the field that chose it", () => {
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const { recipe, loraFields } = choice("tiny.safetensors");
  const parts = [{ kind: "controlnet", name: "c.safetensors" }] as const;
  const { fault } = examineModels(
    { recipe: { ...recipe, parts }, loraFields, partFields: ["controlnet_image.0"] },
    shelf,
  );
  expect([fault?.used.field, fault?.error.message]).toEqual([
    "controlnet_image.0",
    "c.safetensors is not in the controlnet folder.",
  ]);
});

test("a request that names an unusable file for a part of its own is told the field", () => {
  const error = new ModelError("layout-unsupported", "c.safetensors is a LoRA.");
  const used = { kind: "controlnet", what: "controlnet file", name: "c.safetensors" } as const;
  const refusal = unusableModel(
    { used: { ...used, field: "controlnet_image.1" }, error },
    { request: {}, preset: {} },
  );
  expect([refusal.code, refusal.details["field"], refusal.message]).toEqual([
    "unusable-model",
    "controlnet_image.1",
    "c.safetensors is a LoRA. Leave controlnet_image.1 out, or put a usable file in its place.",
  ]);
});

test("of files that are looked at together the one at fault is named, and the image can be left out", async () => {
  const files = {
    "checkpoints/golden.safetensors": await tinyCheckpoint(),
    "controlnet/adapter.safetensors": packedModel("adapter-plus.safetensors"),
    "clip_vision/tower.safetensors": packedModel("vision-open-clip.safetensors"),
    "controlnet/negative.safetensors": packedModel("negative-tokens.safetensors"),
  };
  for (const [path, from] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(from, join(root, path));
  }
  const { recipe, loraFields } = choice("golden.safetensors");
  const parts = [
    { kind: "ip_adapter", name: "adapter.safetensors" },
    { kind: "clip_vision", name: "tower.safetensors" },
    { kind: "ip_negative", name: "negative.safetensors" },
  ] as const;
  const partFields = parts.map(() => "controlnet_image.0.cn_type");
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const look = () => examineModels({ recipe: { ...recipe, parts }, loraFields, partFields }, shelf).fault;
  expect(look()).toBeUndefined();
  for (const [path, from] of Object.entries(files).slice(1)) {
    copyFileSync(packedModel("adapter-lora.safetensors"), join(root, path));
    const fault = look();
    expect(fault?.used.name).toBe(basename(path));
    const refusal = fault && unusableModel(fault, { request: {}, preset: {} });
    expect(refusal?.details).toMatchObject({ field: "controlnet_image.0.cn_type", name: basename(path) });
    expect(refusal?.message).toEndWith("Put a usable file in its place, or leave this control image out.");
    copyFileSync(from, join(root, path));
  }
});
