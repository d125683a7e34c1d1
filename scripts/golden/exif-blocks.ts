import { mostOfJpeg } from "#/image/jpeg-with-exif.ts";
import { exifOf } from "#/image/write-exif.ts";

/** Texts as they are written into pictures; the third has room for one comment only, the last for none. */
const comments = {
  ascii: '{"prompt": "a \\"red\\" kite", "seed": "7"}',
  unicode: "a kite, über: 月 🐈\nNegative prompt: dull\nSteps: 20, Sampler: Euler a, Seed: 1",
  once: `${"x".repeat(40_000)} end`,
};

/** Prints our EXIF blocks as JSON, for `exif.py` to have them read by other programs. */
const blocks = Object.entries(comments).map(([name, userComment]) => {
  const block = exifOf({ software: "Fooocus v2.5.5", makerNote: "fooocus", userComment }, mostOfJpeg);
  return [name, { comment: userComment, block: Buffer.from(block ?? []).toString("base64") }];
});
console.log(JSON.stringify(Object.fromEntries(blocks)));
