import { expect, test } from "bun:test";
import { ModelError } from "#/lib/errors.ts";
import { detectorTensors } from "#/weights/layouts/grounding-dino.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { detectorFull, detectorShapes, detectorTiny } from "../../support/detector-layout.ts";
import { samShapes, samTiny } from "../../support/sam-layout.ts";
import { headerOf, type Shapes } from "../../support/sdxl-layout.ts";

const open = (shapes: Shapes): WeightFile => headerOf(shapes, "/models/inpaint/mine.pth", "F32");
const whole = (): Map<string, readonly number[]> => new Map(detectorShapes(detectorTiny));

function refusal(shapes: Shapes): string {
  try {
    detectorTensors(open(shapes));
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.message;
    throw thrown;
  }
  return "";
}

test("the published file is read, and what training left in it is no word worth", () => {
  const shapes = new Map(detectorShapes(detectorFull));
  shapes.set("module.label_enc.weight", [2001, 256]);
  shapes.set("module.bert.embeddings.position_ids", [1, 512]);
  shapes.set("module.backbone.0.layers.0.blocks.0.attn.relative_position_index", [49, 49]);
  const part = detectorTensors(open(shapes));
  expect(part.notes).toEqual([]);
  expect(part.tensors.has("bert.pooler.dense.weight")).toBe(false);
  expect(part.tensors.get("transformer.tgt_embed.weight")?.shape).toEqual([900, 256]);
});

test("its names may stand alone, and what is not used is told", () => {
  const bare = new Map([...whole()].map(([key, shape]) => [key.replace("module.", ""), shape]));
  bare.set("optimizer.step", [1]);
  expect(detectorTensors(open(bare)).notes).toEqual([
    "mine.pth has the tensor optimizer.step that nothing here uses.",
  ]);
});

test("relatives are refused by what they are", () => {
  const deeper = whole();
  deeper.set("module.backbone.0.layers.2.blocks.6.norm1.weight", [32]);
  expect(refusal(deeper)).toContain("it is GroundingDINO on Swin-B");
  const hub = new Map([["model.text_backbone.embeddings.word_embeddings.weight", [30522, 768]]]);
  expect(refusal(hub)).toContain("under transformers' names");
  expect(refusal(samShapes(samTiny))).toContain("a Segment Anything");
  const textless = new Map([["transformer.tgt_embed.weight", [900, 256]]]);
  expect(refusal(textless)).toContain("a DINO that reads no text");
});

test("what lacks a layer, has one too many or one of another shape is refused", () => {
  const fewer = whole();
  fewer.delete("module.feat_map.bias");
  expect(refusal(fewer)).toContain("lacks the tensor module.feat_map.bias");
  const more = whole();
  more.set("module.transformer.encoder.layers.0.self_attn.gate.weight", [32, 32]);
  expect(refusal(more)).toContain("self_attn.gate.weight, which the published one has not");
  const other = whole();
  other.set("module.transformer.level_embed", [3, 32]);
  expect(refusal(other)).toContain("should have the shape [4, 32]");
});
