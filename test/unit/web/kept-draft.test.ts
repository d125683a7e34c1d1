import { expect, test } from "bun:test";
import { emptyDraft } from "#/web/dashboard/draft.ts";
import { draftOfKept, keptDraft } from "#/web/dashboard/kept/kept-draft.ts";
import { like } from "#/web/dashboard/kept/like.ts";

const [region, ...others] = emptyDraft.enhance.regions;
const draft = {
  ...emptyDraft,
  prompt: "a cat\nin the rain",
  performance: "Quality",
  seed: "9223372036854775807",
  count: 3,
  styles: ["SAI Anime"],
  loras: [{ enabled: false, name: "neon.safetensors", weight: "0.35" }],
  enhance: {
    ...emptyDraft.enhance,
    last: true,
    regions: [{ ...region!, on: true, prompt: "a hat", more: { enhance_mask_invert: true } }, ...others],
  },
  settings: { guidance_scale: { typed: "7." }, freeu_enabled: true, save_name: "own" },
};

test("what is kept as JSON comes back as it was, half typed numbers and what is off included", () => {
  const again = (one: typeof emptyDraft) => draftOfKept(JSON.parse(JSON.stringify(keptDraft(one))));
  expect(again(draft)).toEqual(draft);
  expect(again(emptyDraft)).toEqual(emptyDraft);
});

test("what is none of ours is an empty form, or leaves out what does not fit", () => {
  for (const none of [undefined, null, 7, "text", []]) expect(draftOfKept(none)).toEqual(emptyDraft);
  const odd = { prompt: 7, seed: "5", styles: {}, loras: "x", enhance: { on: 1, fields: [] }, settings: [1] };
  expect(draftOfKept(odd)).toEqual({ ...emptyDraft, seed: "5" });
  expect(like({ a: 1, b: "x" }, { a: "1", b: "y", c: 3 })).toEqual({ a: 1, b: "y" });
});
