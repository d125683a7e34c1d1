import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fitSimilarity } from "#/image/operations/fit-similarity.ts";
import { type Affine, warpAffine } from "#/image/operations/warp-affine.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { ModelError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import { faceCrop } from "#/pipeline/controls/face-crop.ts";
import { openNetworks } from "#/runtime/models.ts";
import { faceDetectorTensors } from "#/weights/layouts/face-detector.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { goldenPicture } from "../support/golden-picture.ts";
import { modelsTable } from "../support/models-table.ts";
import { packedModel } from "../support/packed-model.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against facexlib's RetinaFace in PyTorch, float32, and OpenCV 4.10 (scripts/golden/faces.py); the tolerance is that of
 * networks.test.ts. Fits agree to what a solver's last steps leave; pixels to the byte.
 */
const tolerance = 1e-4;
const pixelsTolerance = 0.02;
const fitTolerance = 1e-7;

setDefaultTimeout(120_000);

type Golden = Readonly<{
  pictures: Readonly<
    Record<
      string,
      Readonly<{
        faces: readonly Readonly<{ box: number[]; score: number; points: [number, number][] }>[];
        crop: string;
      }>
    >
  >;
  fits: readonly Readonly<{ points: readonly [number, number][]; affine: readonly number[] }>[];
  warps: readonly Readonly<{
    picture: [number, number, number];
    affine: Affine;
    to: [number, number];
    sha256: string;
  }>[];
}>;

const base = await tinyCheckpoint();
const golden = goldenTensors("faces.safetensors");
const cases: Golden = await Bun.file(goldenPath("faces.json")).json();
const workshop = openWorkshop();
afterAll(() => workshop.close());

const faceFile = (name: string): string => packedModel(`face-${name}`);
const networksOf = (file: string) =>
  openNetworks({ base, loras: [], face_detector: faceFile(file) }, { clipSkip: 2 }, workshop);

const sha256 = ({ data }: Pixmap): string => createHash("sha256").update(data).digest("hex");

const photo = (name: string): Pixmap => {
  const { dims, data } = golden(`photo-${name}`);
  const [height = 0, width = 0] = dims;
  return { width, height, data: Uint8Array.from(data) };
};

const rows = modelsTable("Face detectors");
const nameOf = (proof: string): string => proof.replace(/^face-|\.zst$/g, "");

test("every row of the table has its own file, and every file a row", () => {
  const files = readdirSync(goldenPath("models")).filter((name) => name.startsWith("face-"));
  expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
});

function verdict(path: string): Readonly<{ error?: ModelError; notes: readonly string[] }> {
  try {
    return { notes: faceDetectorTensors(openWeights(path)).notes };
  } catch (thrown) {
    if (thrown instanceof ModelError) return { error: thrown, notes: [] };
    throw thrown;
  }
}

for (const { kind, here, proof } of rows)
  test(`${kind}: ${here}`, () => {
    const path = faceFile(nameOf(proof));
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

for (const file of rows.flatMap(({ here, proof }) => (here.startsWith("read") ? [nameOf(proof)] : [])))
  for (const size of ["", "-even", "-small"])
    test(`${file} answers as facexlib does${size}`, async () => {
      const picture = golden(`retinaface${size}.picture`);
      const answer = await networksOf(file).ask(networks.retinaface, { picture });
      for (const name of networks.retinaface.outputs)
        expectNear(answer[name], golden(`retinaface${size}.${name}`), tolerance);
    });

for (const [name, { faces: expected }] of Object.entries(cases.pictures))
  test(`the faces of a ${name} picture are those that facexlib finds, in its order`, async () => {
    const faces = await networksOf("legacy.pth").faces(photo(name));
    expect(expected.length).toBeGreaterThan(8);
    expect(faces.length).toBe(expected.length);
    for (const [i, { score, box, points }] of faces.entries()) {
      const wanted = expected[i];
      expect(Math.abs(score - (wanted?.score ?? 0))).toBeLessThan(tolerance);
      const numbers = [box.left, box.top, box.right, box.bottom, ...points.flatMap(({ x, y }) => [x, y])];
      for (const [k, number] of [...(wanted?.box ?? []), ...(wanted?.points.flat() ?? [])].entries())
        expect(Math.abs(number - (numbers[k] ?? Number.NaN))).toBeLessThan(pixelsTolerance);
    }
  });

test("the most certain face is cropped to the pixels that Fooocus crops it to", async () => {
  for (const [name, { faces, crop }] of Object.entries(cases.pictures)) {
    const picture = photo(name);
    // By the reference's own points: a detector's last bits may move a place by 1/32 of a pixel.
    const told = async () =>
      faces.map(({ score, box: [left = 0, top = 0, right = 0, bottom = 0], points }) => ({
        score,
        box: { left, top, right, bottom },
        points: points.map(([x, y]) => ({ x, y })),
      }));
    const cropped = await faceCrop(picture, told);
    expect({ ...cropped, image: sha256(cropped.image) }).toEqual({
      image: crop,
      faces: faces.length,
      shrunk: false,
      found: true,
    });
    const own = await faceCrop(picture, networksOf("legacy.pth").faces);
    expect(farApart(own.image, cropped.image)).toBeLessThan(0.01);
  }
});

/** The share of values that differ by more than two. */
const farApart = (a: Pixmap, b: Pixmap): number =>
  a.data.filter((value, i) => Math.abs(value - (b.data[i] ?? 0)) > 2).length / a.data.length;

test("five points are fitted as OpenCV's LMEDS fits them, whichever lie wrong", () => {
  const template = [
    [192.98138, 239.94708],
    [318.90277, 240.1936],
    [256.63416, 314.01935],
    [201.26117, 371.41043],
    [313.08905, 371.15118],
  ].map(([x = 0, y = 0]) => ({ x, y }));
  for (const { points, affine } of cases.fits) {
    const fitted = fitSimilarity(
      points.map(([x, y]) => ({ x, y })),
      template,
    );
    for (const [i, value] of affine.entries())
      expect(Math.abs((fitted?.[i] ?? Number.NaN) - value)).toBeLessThan(
        fitTolerance * Math.max(1, Math.abs(value)),
      );
  }
});

for (const { picture, affine, to, sha256: expected } of cases.warps)
  test(`${picture.join(" x ")} warped to ${to.join(" x ")} by ${affine.map((n) => n.toFixed(2)).join(" ")}`, () => {
    const [width, height, seed] = picture;
    const noise = goldenPicture({ kind: "noise", width, height, channels: 3, seed });
    if (noise.channels === 1) throw new Error("a picture of three channels is wanted");
    expect(sha256(warpAffine(noise, affine, { width: to[0], height: to[1] }, [132, 133, 135]))).toBe(
      expected,
    );
  });
