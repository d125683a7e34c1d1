import { expect, test } from "bun:test";
import { filesOf } from "#/recipe/files-of.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { interposerName } from "#/weights/layouts/interposer.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const resolvedOf = (recipe: Recipe): Resolved => ({
  recipe,
  loraFields: [],
  inputFields: [],
  warnings: [],
  written: [],
  passes: [[{ loraFields: [], written: { prompt: "", negativePrompt: "", styles: [] } }]],
});

/** Everything that a recipe can name. */
const full: Recipe = {
  ...smallRecipe,
  base: "base.safetensors",
  vae: "own.vae.safetensors",
  refiner: { name: "old.ckpt", swap: "vae", at: 3 },
  loras: [{ name: "a.safetensors", weight: 1 }],
  inversions: [{ said: "bad", name: "bad.pt" }],
  patch: "inpaint_v26.fooocus.patch",
  parts: [
    { kind: "prompt_expansion", name: "fooocus_expansion/pytorch_model.bin" },
    { kind: "ip_adapter", name: "adapter.bin" },
    { kind: "upscale_models", name: "up.bin" },
    { kind: "detector", name: "dino.pth" },
  ],
  previews: { by: "network", file: "preview.safetensors", colours: "xl" as never },
};

test("every file that decides pixels is named once with its folder, those that recipes name by what they do included", () => {
  const there = [
    "fooocus_expansion/merges.txt",
    "positive.txt",
    interposerName,
    "sam_vit_b_01ec64.safetensors",
  ];
  const { inputs: _, ...run } = { ...full, loras: [{ name: "b.safetensors", weight: 1 }] };
  const enhance: Recipe["enhance"] = {
    showMasks: false,
    pictures: [
      {
        from: { kind: "made", image: 0 },
        done: 0,
        passes: [
          {
            kind: "region",
            region: 0,
            grow: 0,
            invert: false,
            run,
            mask: {
              by: "detection",
              sam: "vit_b",
              prompt: "x",
              boxThreshold: 0,
              textThreshold: 0,
              most: 0,
              growBoxes: 0,
              show: "mask",
            },
          },
          { kind: "region", region: 1, grow: 0, invert: false, run, mask: { by: "matte", model: "u2net" } },
        ],
      },
    ],
  };
  const told = { loraFields: [], written: { prompt: "", negativePrompt: "", styles: [] } };
  const resolved = { ...resolvedOf({ ...full, enhance }), passes: [[told, told]] };
  const files = filesOf(resolved, (_kind, name) => (there.includes(name) ? `/models/${name}` : undefined));
  expect(files.map(({ kind, name }) => `${kind}/${name}`).toSorted()).toEqual(
    [
      "checkpoints/base.safetensors",
      "checkpoints/old.ckpt",
      "controlnet/adapter.bin",
      "embeddings/bad.pt",
      "inpaint/dino.pth",
      "inpaint/groundingdino_swint_ogc.pth",
      "inpaint/inpaint_v26.fooocus.patch",
      "inpaint/u2net.onnx",
      "loras/a.safetensors",
      "loras/b.safetensors",
      "prompt_expansion/fooocus_expansion/merges.txt",
      "prompt_expansion/fooocus_expansion/pytorch_model.bin",
      "prompt_expansion/positive.txt",
      "sam/sam_vit_b_01ec64.safetensors",
      "upscale_models/up.bin",
      "vae/own.vae.safetensors",
      `vae_approx/${interposerName}`,
    ].toSorted(),
  );
});

test("what is not there and not named is none of them", () => {
  const { parts: _, patch: __, inversions: ___, ...plain } = { ...full, vae: null, refiner: null, loras: [] };
  expect(filesOf(resolvedOf(plain), () => undefined)).toEqual([
    { kind: "checkpoints", name: "base.safetensors" },
  ]);
});
