import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { ModelError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import { openNetworks } from "#/runtime/models.ts";
import type { Enlarging } from "#/runtime/upscaler/super-resolve.ts";
import { upscalerScale, upscalerTensors } from "#/weights/layouts/upscaler.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { modelsTable } from "../support/models-table.ts";
import { goldenKeys } from "../support/unproven.ts";
import { upscalerFile } from "../support/upscaler-file.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against an RRDBNet in PyTorch, float32 (scripts/golden/upscalers.py); the tolerance is that of networks.test.ts. Bytes may
 * differ by one, where a sum in another order falls on the other side of a whole number.
 */
const tolerance = 1e-4;

setDefaultTimeout(300_000);

const base = await tinyCheckpoint();
const golden = goldenTensors("upscalers.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());

/** Which network each file holds, by the name of its answers, and by how much that one enlarges. */
const held: Readonly<Record<string, readonly [net: string, scale: number]>> = {
  "real-x4.safetensors": ["x4", 4],
  "real-x4-f32.safetensors": ["x4-small", 4],
  "real-x4-bf16.safetensors": ["x4-bf16", 4],
  "real-x4-ema.pth": ["x4-small", 4],
  "real-x4-ema.safetensors": ["x4-small", 4],
  "real-x4-params.pth": ["x4-small", 4],
  "real-x4-params.safetensors": ["x4-small", 4],
  "real-x4-module.pt": ["x4-small", 4],
  "real-x2.pth": ["x2-folded", 2],
  "real-x1.pth": ["x1-folded", 1],
  "fooocus.bin": ["x4", 4],
  "old-x4.pth": ["x4", 4],
  "old-x4-net-g.safetensors": ["x4-small", 4],
  "old-x4-legacy.pth": ["x4-small", 4],
  "old-x1.pth": ["x1", 1],
  "old-x2.pth": ["x2", 2],
  "old-x8.pth": ["x8", 8],
  "old-plus.pth": ["plus", 4],
  "trunk-x4.pth": ["x4", 4],
  "trunk-plus.safetensors": ["plus", 4],
};

const rows = modelsTable("Upscalers");
const nameOf = (proof: string): string => proof.replace(/^upscaler-|\.zst$/g, "");

test("every row of the table has its own file, every file a row, and every file that is read its answers", () => {
  const files = readdirSync(goldenPath("models")).filter((name) => name.startsWith("upscaler-"));
  expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
  const read = rows.filter(({ here }) => here.startsWith("read"));
  expect(read.map(({ proof }) => nameOf(proof)).toSorted()).toEqual(Object.keys(held).toSorted());
});

function verdict(path: string): Readonly<{ error?: ModelError; notes: readonly string[] }> {
  try {
    return { notes: upscalerTensors(openWeights(path)).notes };
  } catch (thrown) {
    if (thrown instanceof ModelError) return { error: thrown, notes: [] };
    throw thrown;
  }
}

for (const { kind, here, proof } of rows)
  test(`${kind}: ${here}`, () => {
    const path = upscalerFile(nameOf(proof));
    const { error, notes } = verdict(path);
    const [read, told] = /^read(?:; told: (.+))?$/.exec(here) ?? [];
    if (read !== undefined) {
      expect(error?.message).toBeUndefined();
      expect(notes.join(" ")).toContain(told ?? "");
      expect(notes.length).toBe(told === undefined ? 0 : 1);
      return;
    }
    expect(error?.message).toContain(
      /^refused: (.+)$/.exec(here)?.[1] ?? "a row says read, or refused and why",
    );
    expect(error?.message).toStartWith(basename(path));
    expect(error?.message).not.toContain(dirname(path));
  });

const networksOf = (file: string) =>
  openNetworks({ base, loras: [], upscale_models: upscalerFile(file) }, { clipSkip: 2 }, workshop);

for (const [file, [net, scale]] of Object.entries(held))
  test(`${file} answers as PyTorch does, and enlarges a picture of odd sides by ${scale}`, async () => {
    const opened = networksOf(file);
    const { features } = await opened.ask(networks["rrdb-features"], { image: golden("image") });
    expectNear(features, golden(`upscaler.${net}.features`), tolerance);
    const { image } = await opened.ask(networks["rrdb-pixels"], { features });
    expectNear(image, golden(`upscaler.${net}.image`), tolerance);

    const { enlarged, folded } = upscalerScale(upscalerTensors(openWeights(upscalerFile(file))).tensors);
    expect([enlarged / folded, opened.upscaler().scale]).toEqual([scale, scale]);
    const { dims, data } = golden("odd");
    const [, , height = 0, width = 0] = dims;
    const plane = height * width;
    const pixels = Uint8Array.from(
      { length: plane * 3 },
      (_, i) => data[(i % 3) * plane + Math.floor(i / 3)]! * 255,
    );
    const found = await whole(opened.upscaler().enlarge({ width, height, data: pixels }));
    const expected = golden(`upscaler.${net}.odd`);
    expect([found.height, found.width, 3]).toEqual([...expected.dims]);
    closeBytes(found.data, expected.data);
  });

/** Bytes that differ by one at most, and few of them. */
function closeBytes(found: Uint8Array, expected: Float32Array): void {
  const off = [...expected].map((value, i) => Math.abs(value - found[i]!));
  expect(Math.max(...off)).toBeLessThanOrEqual(1);
  expect(off.filter((by) => by > 0).length).toBeLessThanOrEqual(1 + off.length / 1000);
}

/** All rows, one below the other; and that each tile was told of before it came. */
async function whole(enlarging: AsyncIterable<Enlarging>): Promise<Pixmap & Readonly<{ tiles: number }>> {
  const parts: Pixmap[] = [];
  let tiles = 0;
  let all = 0;
  for await (const event of enlarging) {
    if (event.at === "rows") parts.push(event.rows);
    else {
      expect(event.done).toBe(tiles);
      tiles += 1;
      all = event.of;
    }
  }
  expect(tiles).toBe(all);
  const width = parts[0]?.width ?? 0;
  const height = parts.reduce((sum, part) => sum + part.height, 0);
  return { width, height, tiles, data: new Uint8Array(Buffer.concat(parts.map(({ data }) => data))) };
}

test("tiles are blended as Fooocus blends them, a last one of a single pixel too", async () => {
  const [width, height] = [961, 490];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let c = 0; c < 3; c += 1, at += 1) {
        const phase = ((c + 2) * x + 3 * (4 - c) * y) % 510;
        data[at] = Math.min(phase, 510 - phase);
      }
  const found = await whole(networksOf("old-x1.pth").upscaler().enlarge({ width, height, data }));
  expect([found.width, found.height, found.tiles]).toEqual([width, height, 6]);
  const rowAt = (y: number): Uint8Array => found.data.subarray(y * width * 3, (y + 1) * width * 3);
  const rows = [0, 1, 478, 480, 485, 489].map(rowAt);
  closeBytes(new Uint8Array(Buffer.concat(rows)), golden("tiled.rows").data);
  const columns = [0, 1, 479, 480, 495, 511, 512, 959, 960];
  const cut = Array.from({ length: height }, (_, y) =>
    columns.map((x) => rowAt(y).subarray(x * 3, x * 3 + 3)),
  ).flat();
  closeBytes(new Uint8Array(Buffer.concat(cut)), golden("tiled.columns").data);
});

test("what the demo's upscaler enlarged is the picture that it was given, when it is shrunk again", async () => {
  const upscale_models = join(
    import.meta.dir,
    "../../models/upscale_models/fooocusd-demo-upscaler.safetensors",
  );
  const { upscaler } = openNetworks({ base, loras: [], upscale_models }, { clipSkip: 2 }, workshop);
  const [width, height] = [72, 56];
  // A disc on a plain ground, and a slope: edges of every direction.
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const edge = Math.min(1, Math.max(0, 18.5 - Math.hypot(x - 30, y - 28)));
    return [230, 40, 60][c]! * edge + (60 + 2 * x - y * (c - 1)) * (1 - edge);
  });
  const large = await whole(upscaler().enlarge({ width, height, data }));
  expect([large.width, large.height]).toEqual([4 * width, 4 * height]);
  const small = lanczosResize(large, { width, height });
  const off = small.data.map((value, i) => Math.abs(value - data[i]!));
  expect(off.reduce((sum, by) => sum + by, 0) / off.length).toBeLessThan(2);
  const plain = lanczosResize({ width, height, data }, { width: large.width, height: large.height });
  expect(plain.data).not.toEqual(large.data);
});

test("weights that are no numbers fail at the first tile and name the file and the tensor", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-upscaler-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "broken.safetensors");
  const bytes = readFileSync(upscalerFile("real-x4-f32.safetensors"));
  const weights = openWeights(upscalerFile("real-x4-f32.safetensors")).tensors.get("conv_hr.weight");
  bytes.writeFloatLE(Number.NaN, weights?.offset ?? 0);
  writeFileSync(path, bytes);
  const opened = openNetworks({ base, loras: [], upscale_models: path }, { clipSkip: 2 }, workshop);
  const picture = { width: 5, height: 4, data: new Uint8Array(60).fill(99) };
  expect(whole(opened.upscaler().enlarge(picture))).rejects.toThrow(
    "broken.safetensors is damaged: its tensor conv_hr.weight holds values that are not numbers.",
  );
});

test("a picture of a single pixel is enlarged too", async () => {
  for (const [file, scale] of [
    ["real-x1.pth", 1],
    ["real-x2.pth", 2],
    ["fooocus.bin", 4],
  ] as const) {
    const one = await whole(
      networksOf(file)
        .upscaler()
        .enlarge({ width: 1, height: 1, data: Uint8Array.of(9, 90, 200) }),
    );
    expect([one.width, one.height]).toEqual([scale, scale]);
  }
});

test("a job that names no upscaler, or a file that is none, is an error that says so", () => {
  const without = openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop);
  expect(() => without.upscaler()).toThrow("has no upscaler inside: put one into the upscale_models folder.");
  expect(() => networksOf("swinir.safetensors").upscaler()).toThrow("another architecture, SwinIR");
});

test("both halves have their proof", () => {
  const own = { "rrdb-features": networks["rrdb-features"], "rrdb-pixels": networks["rrdb-pixels"] };
  const listings = new Set(readdirSync(goldenPath("listings")).map((name) => name.replace(/\.txt$/, "")));
  expect(missingGoldens(own, { listings, answers: goldenKeys("upscalers.safetensors") })).toEqual([]);
});
