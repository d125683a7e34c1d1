import { expect, test } from "bun:test";
import { choosePreviews } from "#/recipe/choose-previews.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";

const colours = sdxlLatentColours;
const chosen = (previewFiles: readonly string[]) =>
  choosePreviews("base.safetensors", { previewFiles, sidecar: () => ({}) });

test("the reference's own network, else TAESDXL, else colours", () => {
  const all = [
    "taesd_decoder.pth",
    "taesdxl_decoder.safetensors",
    "xl-to-v1_interposer-v4.0.safetensors",
    "xlvaeapp.pth",
  ];
  expect(chosen(all)).toEqual({ by: "network", file: "xlvaeapp.pth", colours });
  expect(chosen(all.slice(0, 3))).toEqual({ by: "network", file: "taesdxl_decoder.safetensors", colours });
  expect(chosen(["taesdxl/diffusion_pytorch_model.safetensors"])).toMatchObject({ by: "network" });
  expect(chosen(["taesd_decoder.pth", "vaeapp_sd15.pth"])).toEqual({ by: "colours", colours });
});

test("a checkpoint with colours of its own has a latent space of its own, which no network there knows", () => {
  const own: [number, number, number][] = [[1, 0, 0]];
  const world = { previewFiles: ["xlvaeapp.pth"], sidecar: () => ({ latent_colours: own }) };
  expect(choosePreviews("demo.safetensors", world)).toEqual({ by: "colours", colours: own });
});
