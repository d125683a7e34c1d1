import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VisionTowers } from "#/catalog/vision-towers.ts";
import { writeZeros } from "../../support/write-safetensors.ts";

const root = mkdtempSync(join(tmpdir(), "towers-"));
const folder = join(root, "clip_vision");
mkdirSync(join(folder, "sub"), { recursive: true });
afterAll(() => rmSync(root, { recursive: true }));

const towers = new VisionTowers();
const found = (width: number, passedOver = "") =>
  towers.ofWidth([`clip_vision=${folder}`], width, (name) => name === passedOver);

const transformers = "vision_model.embeddings.patch_embedding.weight";
const files = {
  "a-text.safetensors": { "text_model.final_layer_norm.weight": [64] },
  "big.safetensors": { [transformers]: [1664, 3, 14, 14] },
  "h.safetensors": { "visual.conv1.weight": [1280, 3, 14, 14] },
  "sub/model.safetensors": { [transformers]: [1280, 3, 14, 14] },
};
for (const [name, shapes] of Object.entries(files)) writeZeros(join(folder, name), shapes);
writeFileSync(join(folder, "broken.safetensors"), "nothing that could be read");

test("a tower is known by its tensors, in either spelling, also in a folder below, and by its width alone", () => {
  expect(found(1280)).toBe("sub/model.safetensors");
  expect(found(1280, "sub/model.safetensors")).toBe("h.safetensors");
  expect(found(1664)).toBe("big.safetensors");
  expect(found(1024)).toBeUndefined();
});

test("a file that is replaced by another is looked at again", async () => {
  expect(found(64)).toBeUndefined();
  await Bun.sleep(20);
  writeZeros(join(folder, "big.safetensors"), { [transformers]: [64, 3, 14, 14] });
  expect(found(64)).toBe("big.safetensors");
  expect(found(1664)).toBeUndefined();
});
