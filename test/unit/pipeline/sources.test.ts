import { describe, expect, test } from "bun:test";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Fact } from "#/pipeline/generate.ts";
import { generate } from "#/pipeline/generate.ts";
import type { Job } from "#/pipeline/job.ts";
import { Interruption, Run } from "#/pipeline/run.ts";
import { begin } from "#/pipeline/sources/begin.ts";
import type { Beginning } from "#/pipeline/sources/beginning.ts";
import type { Recipe, Source } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { Upscaler } from "#/runtime/upscaler/super-resolve.ts";
import { pictureTensor } from "#/tensor/picture-tensor.ts";
import { type Tensor, zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { stubContext, stubJob, stubNetworks } from "../../support/stub-job.ts";

function picture(width: number, height: number): Pixmap {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 31 + (at >> 5)) & 255);
  return { width, height, data };
}

/** An upscaler that repeats pixels, and gives its rows in bands of an odd height. */
const repeating = (scale: number, told: string[] = []): Upscaler => ({
  scale,
  enlarge: async function* (small) {
    const whole = repeated(small, scale);
    for (let from = 0; from < whole.height; from += 37) {
      yield { at: "tile", done: from / 37, of: Math.ceil(whole.height / 37) };
      told.push("rows");
      const height = Math.min(37, whole.height - from);
      const data = whole.data.slice(from * whole.width * 3, (from + height) * whole.width * 3);
      yield { at: "rows", rows: { width: whole.width, height, data } };
    }
  },
});

function repeated({ width, height, data }: Pixmap, scale: number): Pixmap {
  const wide = width * scale;
  const out = new Uint8Array(wide * height * scale * 3);
  for (let y = 0, to = 0; y < height * scale; y += 1)
    for (let x = 0; x < wide; x += 1)
      for (let c = 0; c < 3; c += 1)
        out[to++] = data[(Math.floor(y / scale) * width + Math.floor(x / scale)) * 3 + c]!;
  return { width: wide, height: height * scale, data: out };
}

/** What is encoded, and latents whose size alone matters. */
function encoding(seen: Tensor[]): Partial<Networks> {
  const latent = ({ dims }: Tensor): Tensor => zeros([1, 4, dims[2]! / 8, dims[3]! / 8]);
  const encode = async (image: Tensor): Promise<Tensor> => {
    seen.push(image);
    return latent(image);
  };
  return {
    encode,
    encodeByStrips: async function* (image) {
      yield { at: "strip", done: 0, of: 2 };
      yield { at: "strip", done: 1, of: 2 };
      yield { at: "end", answer: await encode(image) };
    },
  };
}

const jobOf = (source: Source, input: Pixmap, answers: Partial<Networks>, given: Partial<Job> = {}): Job => {
  const recipe: Recipe = { ...smallRecipe, source, inputs: ["a.png"] };
  return stubJob(answers, { recipe, inputs: [input], ...given });
};

async function begun(job: Job): Promise<Readonly<{ told: unknown[]; beginning: Beginning }>> {
  const told: unknown[] = [];
  const work = begin(job);
  for (;;) {
    const next = await work.next();
    if (next.done === true) return { told, beginning: next.value };
    if (next.value.type === "progress") told.push(next.value.at);
  }
}

const vary = { kind: "vary", picture: 0, working: 64, strength: 0.5 } as const;
const upscale = {
  kind: "upscale",
  picture: 0,
  working: 64,
  factor: 2,
  by: "network",
  direct: false,
  strength: 0.382,
} as const;

describe("vary", () => {
  test("starts from the latent of the picture at the size that the model draws", async () => {
    const seen: Tensor[] = [];
    const input = picture(32, 32);
    const { told, beginning } = await begun(jobOf({ ...vary, working: 128 }, input, encoding(seen)));
    expect(beginning).toMatchObject({ kind: "latent", denoise: 0.5, latent: { dims: [1, 4, 16, 16] } });
    expect(seen).toEqual([pictureTensor(lanczosResize(input, { width: 128, height: 128 }))]);
    expect(told).toEqual([
      { stage: "preparing", image: 0 },
      { stage: "encoding-picture", image: 0, gives: "start", strip: 0, strips: 1 },
    ]);
  });

  test("of odd sides the middle is taken, with half of what is cut before it", async () => {
    const seen: Tensor[] = [];
    const input = picture(67, 61);
    const { beginning } = await begun(jobOf({ ...vary, working: 64 }, input, encoding(seen)));
    expect(beginning).toMatchObject({ latent: { dims: [1, 4, 7, 8] } });
    const [first] = seen;
    const at = (2 * 67 + 1) * 3;
    expect(first?.data[0]).toBeCloseTo((2 * input.data[at]!) / 255 - 1, 6);
  });

  test("a large picture is encoded by strips, each told, and a stop is heard before the next one", async () => {
    const input = picture(704, 704);
    const { told } = await begun(jobOf({ ...vary, working: 704 }, input, encoding([])));
    expect(told.slice(1)).toMatchObject([
      { strip: 0, strips: 2 },
      { strip: 1, strips: 2 },
    ]);
    const run = new Run();
    const work = begin(jobOf({ ...vary, working: 704 }, input, encoding([]), { run }));
    await work.next();
    await work.next();
    run.interrupt("stop");
    expect(work.next()).rejects.toBeInstanceOf(Interruption);
  });
});

describe("upscale", () => {
  test("a direct one is the enlarged picture at its size, and no other network is asked", async () => {
    const input = picture(41, 33);
    const source = { ...upscale, working: 64, direct: true };
    const { told, beginning } = await begun(jobOf(source, input, { upscaler: () => repeating(4) }));
    const image = lanczosResize(repeated(input, 4), { width: 82, height: 66 });
    expect(beginning).toEqual({ kind: "picture", image });
    expect(told.slice(0, 2)).toEqual([
      { stage: "preparing", image: 0 },
      { stage: "upscaling", image: 0, width: 41, height: 33, part: 0, parts: 4 },
    ]);
  });

  test("without a network Lanczos enlarges, to the same size", async () => {
    const input = picture(41, 33);
    const { beginning } = await begun(jobOf({ ...upscale, by: "lanczos", direct: true }, input, {}));
    expect(beginning).toEqual({
      kind: "picture",
      image: lanczosResize(input, { width: 82, height: 66 }),
    });
  });

  test("a network of another scale gives a picture of the same size", async () => {
    for (const scale of [1, 2, 4]) {
      const source = { ...upscale, working: 128, direct: true };
      const job = jobOf(source, picture(16, 16), { upscaler: () => repeating(scale) });
      const { beginning } = await begun(job);
      // Below the model's size: it is fitted to that.
      if (beginning.kind !== "picture") throw new Error("it is finished");
      expect([beginning.image.width, beginning.image.height]).toEqual([128, 128]);
    }
  });

  test("odd sides are continued by their edges to be diffused, and cut again at the end", async () => {
    const seen: Tensor[] = [];
    const input = picture(41, 33);
    const job = jobOf(upscale, input, { ...encoding(seen), upscaler: () => repeating(4) });
    const { beginning } = await begun(job);
    if (beginning.kind !== "latent") throw new Error("it is to be diffused");
    expect(beginning).toMatchObject({ denoise: 0.382, tiles: true, latent: { dims: [1, 4, 9, 11] } });
    const plane = seen[0]!.data.subarray(0, 72 * 88);
    expect([plane[81], plane[87]]).toEqual([plane[81], plane[81]]);
    expect(plane[71 * 88]).toBe(plane[65 * 88]);
    expect(beginning.finish?.(picture(88, 72))).toMatchObject({ width: 82, height: 66 });
  });

  test("a stop is heard before the next tile, and what the walk holds is let go", async () => {
    const run = new Run();
    const rows: string[] = [];
    const source = { ...upscale, direct: true };
    const job = jobOf(source, picture(41, 33), { upscaler: () => repeating(4, rows) }, { run });
    const work = begin(job);
    await work.next();
    await work.next();
    run.interrupt("stop");
    expect(work.next()).rejects.toBeInstanceOf(Interruption);
    await Bun.sleep(0);
    expect(rows).toEqual([]);
  });
});

test("a direct picture is one image without a seed, and no text is encoded for it", async () => {
  const recipe: Recipe = {
    ...smallRecipe,
    source: { ...upscale, direct: true },
    inputs: ["a.png"],
    steps: 0,
  };
  const networks = stubNetworks({ upscaler: () => repeating(4) });
  const facts: Fact[] = [];
  const work = generate({ recipe, inputs: [picture(41, 33)] }, stubContext(networks), new Run());
  for await (const fact of work) facts.push(fact);
  expect(facts.at(-1)).toMatchObject({
    type: "image",
    index: 0,
    image: { width: 82, height: 66 },
    facts: { seed: null, timings: { denoising: 0 } },
  });
  expect(facts.filter(({ type }) => type === "image")).toHaveLength(1);
});

test("skipping a picture that is only enlarged made it all the same", async () => {
  for (const [action, status] of [
    ["skip", "finished"],
    ["stop", "stopped"],
  ] as const) {
    const run = new Run();
    const networks = stubNetworks({ upscaler: () => repeating(4) });
    const recipe: Recipe = { ...smallRecipe, source: { ...upscale, direct: true }, inputs: ["a.png"] };
    const work = generate({ recipe, inputs: [picture(41, 33)] }, stubContext(networks), run);
    const told: string[] = [];
    for (;;) {
      const next = await work.next();
      if (next.done === true) {
        expect([next.value, told]).toEqual([{ status }, []]);
        break;
      }
      if (next.value.type === "image") told.push("image");
      if (next.value.type === "progress" && next.value.at.stage === "upscaling") run.interrupt(action);
    }
  }
});

test("a skip of one that is drawn over waits for its image", async () => {
  const run = new Run();
  const networks = { upscaler: () => repeating(4), ...encoding([]) };
  const job = jobOf(upscale, picture(41, 33), networks, { run });
  const work = begin(job);
  await work.next();
  run.interrupt("skip");
  let next = await work.next();
  while (next.done !== true) next = await work.next();
  expect(next.value.kind).toBe("latent");
});
