import { expect, test } from "bun:test";
import { attentionSites } from "#/weights/layouts/attention-sites.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { checkTowerFits } from "#/weights/layouts/image-prompt.ts";
import { adapterSizes, adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { negativeNotes } from "#/weights/layouts/ip-negative.ts";
import { type Located, locatePart } from "#/weights/layouts/part-source.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { towerHeads } from "#/weights/layouts/vision-tower.ts";
import {
  type AdapterLayout,
  adapterBigG,
  adapterPlain,
  adapterPlus,
  adapterShapes,
  openClipShapes,
  type TowerLayout,
  visionBigG,
  visionH,
  visionL,
  visionShapes,
  visionTiny,
} from "../../support/image-prompt-layout.ts";
import {
  headerOf,
  type SdxlSizes,
  type Shapes,
  sdxlBase,
  sdxlShapes,
  ssd1b,
  vega,
} from "../../support/sdxl-layout.ts";

/** Published files, by their headers: names, shapes, and which of them go together. */
const checkpointOf = (sizes: SdxlSizes) => sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/base.safetensors"));
const base = checkpointOf(sdxlBase);

const tower = (layout: TowerLayout, name = "model.safetensors", shapes = visionShapes(layout)): Located =>
  locatePart(towerSource, base, headerOf(shapes, `/${name}`));

const adapterFile = (layout: AdapterLayout, sizes = sdxlBase): Shapes => adapterShapes(sizes, layout);
const adapter = (layout: AdapterLayout, name = "adapter.bin", shapes = adapterFile(layout)): Located =>
  locatePart(adapterSource, base, headerOf(shapes, `/${name}`));

const values = (shapes: Iterable<readonly number[]>): number =>
  [...shapes].reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0);

test("ViT-H has as many tensors and values as published, in both spellings", () => {
  const openClip = openClipShapes(visionH);
  expect([openClip.size, values(openClip.values())]).toEqual([392, 632_076_800]);
  const transformers = visionShapes(visionH);
  expect([transformers.size, values(transformers.values())]).toEqual([521 - 1, 632_076_800]);
  const renamed = tower(visionH, "clip_vision_vit_h.safetensors", openClip).tensors;
  const own = tower(visionH).tensors;
  const nameOf = (key: string): string => key.replace("visual_projection.weight", "visual_projection");
  expect(new Set(renamed.keys())).toEqual(new Set([...own.keys()].map(nameOf)));
});

test("the plus adapter has as many tensors and values as published", () => {
  const shapes = [...adapterFile(adapterPlus)];
  const half = (prefix: string) => shapes.filter(([key]) => key.startsWith(prefix));
  const counted = [half("image_proj."), half("ip_adapter.")].map((part) => [
    part.length,
    values(part.map(([, shape]) => shape)),
  ]);
  expect(counted).toEqual([
    [51, 82_961_664],
    [140, 340_787_200],
  ]);
  expect(adapterSizes(adapter(adapterPlus).tensors)).toEqual({
    reads: "tokens",
    width: 1280,
    tokens: 16,
    context: 2048,
  });
});

test("cross-attentions are counted as diffusers counts them: input, output, and the middle's last", () => {
  const sites = attentionSites(base.unet);
  expect(sites.length).toBe(70);
  const runs = sites.reduce<[number, number][]>((all, { channels }) => {
    const last = all.at(-1);
    if (last?.[0] === channels) last[1] += 1;
    else all.push([channels, 1]);
    return all;
  }, []);
  expect(runs).toEqual([
    [640, 4],
    [1280, 50],
    [640, 6],
    [1280, 10],
  ]);
  // Drawn between them: the middle's ten stand behind the 24 of the input blocks.
  expect(sites.slice(60).map(({ drawn }) => drawn)).toEqual([24, 25, 26, 27, 28, 29, 30, 31, 32, 33]);
  expect(sites[24]?.drawn).toBe(34);
  expect(new Set(sites.map(({ drawn }) => drawn)).size).toBe(70);
});

test("keys of file number 121 are the first of the middle, drawn as number 24", () => {
  const { tensors } = adapter(adapterPlus);
  expect(tensors.get("sites.24.to_k_ip.weight")?.key).toBe("ip_adapter.121.to_k_ip.weight");
  expect(tensors.get("sites.69.to_v_ip.weight")?.key).toBe("ip_adapter.119.to_v_ip.weight");
});

test("an adapter for a distilled model is read with that, and no other is", () => {
  for (const sizes of [ssd1b, vega]) {
    const own = headerOf(adapterShapes(sizes, adapterPlus), "/own.safetensors");
    expect(locatePart(adapterSource, checkpointOf(sizes), own).notes).toEqual([]);
    const sdxl = headerOf(adapterFile(adapterPlus), "/ip-adapter-plus_sdxl_vit-h.safetensors");
    expect(() => locatePart(adapterSource, checkpointOf(sizes), sdxl)).toThrow(
      `ip-adapter-plus_sdxl_vit-h.safetensors does not fit base.safetensors: it has keys for 70 cross-attentions, and the checkpoint has ${attentionSites(checkpointOf(sizes).unet).length}. It was made for another model.`,
    );
  }
});

test("a gap among the keys, or a number that no cross-attention has, is told", () => {
  const gap = new Map(adapterFile(adapterPlus));
  gap.delete("ip_adapter.31.to_k_ip.weight");
  expect(() => adapter(adapterPlus, "gap.bin", gap)).toThrow("gap.bin is incomplete: its IP-Adapter lacks");
  const even = new Map(adapterFile(adapterPlus)).set("ip_adapter.2.to_k_ip.weight", [640, 2048]);
  expect(() => adapter(adapterPlus, "even.bin", even)).toThrow("even.bin is of another architecture");
  const more = new Map(adapterFile(adapterPlus)).set("image_proj.pos_emb.weight", [257, 1280]);
  expect(() => adapter(adapterPlus, "more.bin", more)).toThrow("image_proj.pos_emb.weight");
});

test("what an adapter reads is what its tower gives: tokens as wide as it, or its vector", () => {
  for (const [reader, eyes] of [
    [adapterPlus, visionH],
    [adapterPlain, visionH],
    [adapterBigG, visionBigG],
  ] as const)
    checkTowerFits(adapter(reader), tower(eyes));
});

test("adapter and tower that do not fit are refused with both files, both numbers and the tower that is wanted", () => {
  // Both read 1280 numbers, of which one tower gives so many tokens wide, and the other one vector.
  expect(() => checkTowerFits(adapter(adapterBigG, "ip-adapter_sdxl.bin"), tower(visionH))).toThrow(
    "ip-adapter_sdxl.bin reads one vector of a picture, 1280 wide, and model.safetensors (CLIP ViT-H) gives 1024. It wants CLIP ViT-bigG in the clip_vision folder",
  );
  expect(() => checkTowerFits(adapter(adapterPlus, "plus.bin"), tower(visionBigG))).toThrow(
    "plus.bin reads tokens of a picture, 1280 wide, and model.safetensors (CLIP ViT-bigG) gives 1664. It wants CLIP ViT-H in the clip_vision folder (clip_vision_vit_h.safetensors",
  );
  expect(() => checkTowerFits(adapter(adapterPlain), tower(visionTiny))).toThrow(
    "(a CLIP vision tower 160 wide) gives 96. It wants CLIP ViT-H",
  );
  const odd = { ...adapterPlain, from: 50 };
  expect(() => checkTowerFits(adapter(odd), tower(visionTiny))).toThrow(
    "gives 96. It wants the tower that it was trained with.",
  );
});

test("ViT-L is refused by name, whole and in both spellings", () => {
  for (const shapes of [visionShapes(visionL), openClipShapes(visionL)])
    expect(() => tower(visionL, "ViT-L-14.safetensors", shapes)).toThrow(
      "ViT-L-14.safetensors is no CLIP vision tower for image prompts of SDXL: it is CLIP ViT-L, 1024 wide.",
    );
});

test("heads: sixteen in the published towers, of 80 channels in any other", () => {
  expect([1024, 1280, 1664, 80, 160, 960, 0, 768, 1152].map(towerHeads)).toEqual([
    16,
    16,
    16,
    1,
    2,
    12,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a tower that lacks its last layers, or has more than one should, is refused", () => {
  const short = new Map([...visionShapes(visionH)].filter(([key]) => !key.includes(".layers.31.")));
  expect(() => tower(visionH, "short.safetensors", short)).toThrow(
    "short.safetensors is incomplete: its vision tower lacks 16 tensors",
  );
  const head = new Map(visionShapes(visionTiny)).set("vision_model.head.weight", [4]);
  expect(() => tower(visionTiny, "head.safetensors", head)).toThrow("head.weight");
  const bare = new Map(openClipShapes(visionTiny));
  bare.delete("visual.proj");
  expect(() => tower(visionTiny, "bare.safetensors", bare)).toThrow("lacks the tensor visual_projection");
});

test("what else is in a file is told; the text tower beside it is what every such file has", () => {
  const text = new Map(visionShapes(visionTiny)).set("text_model.final_layer_norm.weight", [4]);
  expect(tower(visionTiny, "a.safetensors", text.set("logit_scale", [])).notes).toEqual([]);
  const more = new Map(visionShapes(visionTiny)).set("aesthetic.weight", [4]);
  expect(tower(visionTiny, "b.safetensors", more).notes).toEqual([
    "b.safetensors has the tensor aesthetic.weight that nothing here uses.",
  ]);
  const trained = new Map(adapterFile(adapterPlain)).set("unet.conv_in.weight", [4]);
  expect(adapter(adapterPlain, "c.bin", trained).notes).toEqual([
    "c.bin has the tensor unet.conv_in.weight that nothing here uses.",
  ]);
});

test("tokens for the negative branch that are not the adapter's are told", () => {
  const file = headerOf(new Map([["data", [1, 16, 2048]]]), "/fooocus_ip_negative.safetensors");
  expect(negativeNotes(file, adapterSizes(adapter(adapterPlus).tensors))).toEqual([]);
  const [note] = negativeNotes(file, adapterSizes(adapter(adapterPlain).tensors));
  expect(note).toStartWith(
    "fooocus_ip_negative.safetensors has 16 tokens, 2048 wide, and the adapter makes 4 of 2048",
  );
  const other = headerOf(new Map([["data", [16, 2048]]]), "/other.safetensors");
  expect(() => negativeNotes(other, adapterSizes(adapter(adapterPlus).tensors))).toThrow(
    "other.safetensors is not Fooocus' file for the negative branch of image prompts",
  );
});
