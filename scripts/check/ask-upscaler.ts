/**
 * The answer of an upscaler, for `real_upscalers.py`: reads a picture, float32 planes [3, SIDE, SIDE], from a file, and writes
 * the enlarged planes and what becomes of them as bytes [height, width, 3].
 *
 *   bun scripts/check/ask-upscaler.ts FILE SIDE PICTURE PLANES BYTES
 */
import { readFileSync, writeFileSync } from "node:fs";
import { networks } from "#/networks/index.ts";
import { openUpscaler } from "../bench/upscaler/open-upscaler.ts";

const [path = "", side = "0", picture = "", planes = "", bytes = ""] = process.argv.slice(2);
const length = Number(side);
const data = new Float32Array(new Uint8Array(readFileSync(picture)).buffer);
const { ask, upscaler, close } = openUpscaler(path, 1);
const { features } = await ask(networks["rrdb-features"], {
  image: { dims: [1, 3, length, length], data },
});
const { image } = await ask(networks["rrdb-pixels"], { features });
writeFileSync(planes, new Uint8Array(image.data.buffer));

const plane = length * length;
const pixels = Uint8Array.from({ length: 3 * plane }, (_, i) =>
  Math.round((data[(i % 3) * plane + Math.floor(i / 3)] ?? 0) * 255),
);
const rows: Uint8Array[] = [];
for await (const event of upscaler.enlarge({ width: length, height: length, data: pixels }))
  if (event.at === "rows") rows.push(event.rows.data);
writeFileSync(bytes, Buffer.concat(rows));
await close();
