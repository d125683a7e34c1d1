import { expect, test } from "bun:test";
import { withKnownNames } from "#/recipe/known-names.ts";
import type { World } from "#/recipe/resolve.ts";

const world: World = {
  checkpoints: ["base.safetensors"],
  loras: ["a.safetensors"],
  vaes: [],
  styles: [{ name: "Plain", prompt: "", negative_prompt: "" }],
  wildcards: () => undefined,
  sidecar: () => ({}),
  noise: "gpu",
};

test("unknown names give way: styles go, LoRAs become none, the rest is left to the server", () => {
  const { kept, replaced } = withKnownNames(
    {
      prompt: "a cat",
      base_model_name: "gone.safetensors",
      refiner_model_name: "",
      sampler_name: "magic",
      scheduler_name: "none such",
      inpaint_engine: "v9",
      refiner_swap_method: "both",
      style_selections: ["Plain", "No such style", "Fooocus V2"],
      loras: [
        { enabled: true, model_name: "a.safetensors", weight: 1 },
        { enabled: true, model_name: "gone.safetensors", weight: 0.5 },
      ],
    },
    world,
  );
  expect(kept).toEqual({
    prompt: "a cat",
    style_selections: ["Plain", "Fooocus V2"],
    loras: [
      { enabled: true, model_name: "a.safetensors", weight: 1 },
      { enabled: true, model_name: "None", weight: 0.5 },
    ],
  });
  expect(replaced).toHaveLength(8);
  expect(replaced).toContain("base_model_name: gone.safetensors (similar: base.safetensors)");
  expect(replaced.find((one) => one.startsWith("style_selections"))).toMatch(
    /^style_selections: No such style \(similar: .*\)$/,
  );
  expect(replaced.find((one) => one.startsWith("loras"))).toBe(
    "loras: gone.safetensors (similar: a.safetensors)",
  );
});

test("known names stay", () => {
  const request = {
    base_model_name: "base.safetensors",
    refiner_model_name: "None",
    sampler_name: "heun",
    scheduler_name: "tcd",
    inpaint_engine: "None",
    refiner_swap_method: "vae",
    style_selections: ["Random Style"],
    loras: [{ enabled: true, model_name: "None", weight: 1 }],
  };
  expect(withKnownNames(request, world)).toEqual({ kept: request, replaced: [] });
});
