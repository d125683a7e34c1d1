import { expect, test } from "bun:test";
import { ModelError } from "#/lib/errors.ts";
import { blipTensors } from "#/weights/layouts/blip.ts";
import { blipBase, blipLarge, blipShapes } from "../../support/blip-layout.ts";
import { headerOf, type Shapes } from "../../support/sdxl-layout.ts";

const base = (): Shapes => blipShapes(blipBase);
const read = (shapes: Shapes) => blipTensors(headerOf(shapes, "/models/some.pth"));

function refusal(shapes: Shapes): string {
  try {
    read(shapes);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.message;
    throw thrown;
  }
  throw new Error("it was read");
}

test("the base captioner has as many tensors as published, and all are used but a counter and a second name", () => {
  expect(base().size).toBe(474);
  const { tensors, notes } = read(base());
  expect(tensors.size).toBe(472);
  expect(notes).toEqual([]);
});

test("the large one is read, and one behind a prefix", () => {
  expect(read(blipShapes(blipLarge)).tensors.get("visual_encoder.blocks.23.norm1.bias")?.shape).toEqual([
    1024,
  ]);
  const behind = new Map([...base()].map(([key, shape]) => [`model.${key}`, shape]));
  expect(read(behind).tensors.size).toBe(472);
});

test("what a pretrained BLIP has beside its captioner is told", () => {
  const shapes = base().set("itm_head.weight", [2, 768]).set("text_encoder.embeddings.LayerNorm.bias", [768]);
  expect(read(shapes).notes).toEqual([
    "some.pth has 2 tensors (itm_head.weight, text_encoder.embeddings.LayerNorm.bias) that captions do not need.",
  ]);
});

for (const [what, key, says] of [
  ["transformers' names", "vision_model.embeddings.class_embedding", "a BLIP in transformers' names"],
  ["BLIP-2", "query_tokens", "a BLIP-2, whose text is a large language model's"],
  [
    "a BLIP that compares",
    "text_encoder.embeddings.LayerNorm.bias",
    "a BLIP that compares texts with pictures or answers",
  ],
  ["a LoRA", "lora_unet_down.lora_down.weight", "a LoRA (put it into the loras folder)"],
] as const)
  test(`${what} is refused by name, with the file to get`, () => {
    const message = refusal(new Map([[key, [1]]]));
    expect(message).toContain(`it is ${says}`);
    expect(message).toContain("visual_encoder.cls_token");
    expect(message).toContain("Get model_base_caption_capfilt_large.pth.");
  });

test("one that answers questions has a decoder too, and is refused", () => {
  expect(refusal(base().set("text_encoder.embeddings.LayerNorm.bias", [768]))).toContain("answers questions");
});

test("an incomplete one is refused by what it lacks, and one of other sizes by these", () => {
  const lacking = base();
  lacking.delete("text_decoder.bert.encoder.layer.3.crossattention.self.key.weight");
  expect(refusal(lacking)).toContain(
    "lacks the tensor text_decoder.bert.encoder.layer.3.crossattention.self.key.weight",
  );
  expect(refusal(base().set("visual_encoder.pos_embed", [1, 197, 768]))).toBe(
    "some.pth cannot be used for captions: it sees a picture in 197 places, the captioners in 577, of 384 x 384.",
  );
  const words = base()
    .set("text_decoder.bert.embeddings.word_embeddings.weight", [30_522, 768])
    .set("text_decoder.cls.predictions.decoder.weight", [30_522, 768])
    .set("text_decoder.cls.predictions.bias", [30_522]);
  expect(refusal(words)).toContain("has 30522 tokens, BLIP's are 30524");
});
