import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Examiner } from "#/catalog/examine.ts";
import { ModelError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import type { ImageKeys } from "#/runtime/image-prompts.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import { concat, type Tensor, zeros } from "#/tensor/tensor.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { locatePart } from "#/weights/layouts/part-source.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, relativeError, tinyCheckpoint } from "../support/golden.ts";
import { modelsTable } from "../support/models-table.ts";
import { packedModel } from "../support/packed-model.ts";
import { promptPixels } from "../support/prompt-pixels.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against transformers' CLIPVisionModelWithProjection, a tower of torch's attention under OpenCLIP's names, and IP-Adapters that
 * diffusers' own loader put into a UNet, on the same tiny files (scripts/golden/image_prompts.py).
 */
setDefaultTimeout(300_000);

const tolerance = 1e-4;
const golden = goldenTensors("image-prompts.safetensors");
const base = await tinyCheckpoint();
const checkpoint = sdxlCheckpoint(openWeights(base));
const workshop = openWorkshop();
afterAll(() => workshop.close());

type Files = Readonly<{ adapters?: readonly string[]; towers: readonly string[]; negative?: string }>;

const open = ({ adapters = [], towers, negative }: Files, table = workshop): Networks =>
  openNetworks(
    {
      base,
      loras: [],
      ip_adapter: adapters.map((name) => packedModel(`adapter-${name}`)),
      clip_vision: towers.map((name) => packedModel(`vision-${name}`)),
      ip_negative: negative === undefined ? undefined : packedModel(`negative-${negative}`),
    },
    { clipSkip: 2 },
    table,
  );

const close = (found: Tensor, key: string): void => expectNear(found, golden(key), tolerance);

/** Every fourth token: the others are no less right. */
function someTokens({ dims, data }: Tensor): Tensor {
  const [, count = 0, width = 0] = dims;
  const rows = Array.from({ length: Math.ceil(count / 4) }, (_, n) =>
    data.subarray(4 * n * width, (4 * n + 1) * width),
  );
  return { dims: [1, rows.length, width], data: Float32Array.from(rows.flatMap((row) => [...row])) };
}

/** The one vector as transformers gives it. */
const flat = ({ dims, data }: Tensor): Tensor => ({ dims: dims.slice(1), data });

const all = (sites: ImageKeys, half: "keys" | "values"): Tensor =>
  concat(
    sites.map((site) => site[half]),
    2,
  );

/** Which tower each file holds, by the name of its answers. */
const towers: Readonly<Record<string, string>> = {
  "open-clip.safetensors": "vision-open-clip",
  "transformers.safetensors": "vision-transformers",
  "transformers.bin": "vision-transformers",
  "whole-clip.safetensors": "vision-transformers",
  "bf16.safetensors": "vision-bf16",
};

for (const [file, name] of Object.entries(towers))
  test(`the tower ${file} sees as torch's ${name}`, async () => {
    const { ask } = open({ towers: [file] });
    const pixels = promptPixels;
    const { features: vector } = await ask(networks["vision-vector"], { pixels });
    close(flat(vector), `${name}.embeds`);
    if (name === "vision-bf16") return;
    const { features: tokens } = await ask(networks["vision-tokens"], { pixels });
    close(someTokens(tokens), `${name}.hidden`);
  });

/** Which adapter each file holds. */
const adapters: Readonly<Record<string, "plus" | "plain">> = {
  "plus.bin": "plus",
  "plus.safetensors": "plus",
  "plus-trained.safetensors": "plus",
  "plain.bin": "plain",
  "plain.safetensors": "plain",
};

for (const [file, kind] of Object.entries(adapters))
  test(`${file} tells the cross-attentions of a picture what diffusers' ${kind} adapter does, in the order they are drawn`, async () => {
    const { imagePrompts } = open({ adapters: [file], towers: ["open-clip.safetensors"] });
    const sites = await imagePrompts[0]!.ofPicture(promptPixels);
    expect(sites.map(({ keys }) => keys.dims[2])).toEqual([
      64, 64, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 64, 64, 64,
    ]);
    close(all(sites, "keys"), `image-prompt-${kind}.keys`);
    if (kind === "plus") close(all(sites, "values"), "image-prompt-plus.values");
  });

test("the tokens on the way", async () => {
  const networksOf = open({ adapters: ["plus.bin"], towers: ["open-clip.safetensors"] });
  const { features } = await networksOf.ask(networks["vision-tokens"], { pixels: promptPixels });
  close((await networksOf.ask(networks["image-tokens"], { features })).tokens, "image-prompt-plus.tokens");
  const simple = open({ adapters: ["plain.bin"], towers: ["open-clip.safetensors"] });
  const { features: vector } = await simple.ask(networks["vision-vector"], { pixels: promptPixels });
  const { tokens } = await simple.ask(networks["image-tokens"], { features: vector });
  close(tokens, "image-prompt-plain.tokens");
});

test("of nothing an adapter tells what the published one does: of a grey picture, or of zeros", async () => {
  const { imagePrompts } = open({
    adapters: ["plus.bin", "plain.bin"],
    towers: ["open-clip.safetensors", "open-clip.safetensors"],
  });
  const [plus, plain] = await Promise.all(imagePrompts.map((prompt) => prompt.ofNothing()));
  close(all(plus!, "keys"), "image-prompt-plus.nothing_keys");
  close(all(plain!, "keys"), "image-prompt-plain.nothing_keys");
});

test("Fooocus' file for the negative branch is told instead, where its tokens are the adapter's", async () => {
  const files = { adapters: ["plus.bin"], towers: ["open-clip.safetensors"] };
  const stored = open({ ...files, negative: "tokens.safetensors" });
  close(all(await stored.imagePrompts[0]!.ofNothing(), "keys"), "image-prompt-plus.stored_keys");
  const larger = open({ ...files, negative: "other-size.safetensors" });
  close(all(await larger.imagePrompts[0]!.ofNothing(), "keys"), "image-prompt-plus.nothing_keys");
});

test("a file for the negative branch that is none is refused", async () => {
  const files = { adapters: ["plus.bin"], towers: ["open-clip.safetensors"] };
  const [prompt] = open({ ...files, negative: "other.safetensors" }).imagePrompts;
  expect(prompt!.ofNothing()).rejects.toThrow(
    "negative-other.safetensors is not Fooocus' file for the negative branch",
  );
});

test("files that do not fit each other are refused when the job is opened, and when they are looked at", () => {
  const files = { adapters: ["plain.bin", "plus.bin"], towers: ["open-clip.safetensors"] };
  expect(() => open(files)).toThrow("holds no CLIP vision tower, which lies in a file of its own.");
  const unfit = packedModel("adapter-plain.safetensors");
  const looked = {
    adapter: packedModel("adapter-plus.bin"),
    tower: packedModel("vision-open-clip.safetensors"),
    negative: packedModel("negative-other-size.safetensors"),
  };
  const examiner = new Examiner();
  expect(examiner.imagePrompt({ ...looked, negative: undefined }, checkpoint)).toEqual([]);
  expect(examiner.imagePrompt(looked, checkpoint)).toEqual([
    "negative-other-size.safetensors has 16 tokens, 2048 wide, and the adapter makes 5 of 192: the negative branch is told of nothing as the published IP-Adapter does.",
  ]);
  expect(() => examiner.imagePrompt({ ...looked, tower: unfit }, checkpoint)).toThrow(
    "adapter-plain.safetensors is no CLIP vision tower",
  );
  expect(examiner.part("ip_adapter", looked.adapter, checkpoint)).toEqual([]);
  expect(examiner.part("clip_vision", looked.tower, checkpoint)).toEqual([]);
});

test("what an adapter answers to another picture is another answer", async () => {
  const [prompt] = open({ adapters: ["plus.bin"], towers: ["open-clip.safetensors"] }).imagePrompts;
  const black = await prompt!.ofPicture(zeros([1, 3, 224, 224]));
  close(all(black, "keys"), "image-prompt-plus.nothing_keys");
  expect(relativeError(all(black, "keys"), golden("image-prompt-plus.keys"))).toBeGreaterThan(0.01);
});

for (const [section, prefix, read, source] of [
  ["Vision towers", "vision-", towers, towerSource],
  ["IP-Adapters", "adapter-", adapters, adapterSource],
] as const) {
  const rows = modelsTable(section);
  const nameOf = (proof: string): string => proof.replace(/\.zst$/, "");

  test(`${section}: every row has its own file, every file a row, and every file that is read its answers`, () => {
    const files = readdirSync(goldenPath("models")).filter((name) => name.startsWith(prefix));
    expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
    const held = rows.filter(({ here }) => here === "read").map(({ proof }) => nameOf(proof));
    expect(held.toSorted()).toEqual(
      Object.keys(read)
        .map((name) => prefix + name)
        .toSorted(),
    );
  });

  for (const { kind, here, proof } of rows)
    test(`${section}, ${kind}: ${here}`, () => {
      const path = packedModel(nameOf(proof));
      const look = () => locatePart(source, checkpoint, openWeights(path));
      if (here === "read") {
        expect(look().notes).toEqual([]);
        return;
      }
      const reason = /^refused: (.+)$/.exec(here)?.[1] ?? "a row says read, or refused and why";
      expect(look).toThrow(ModelError);
      expect(look).toThrow(reason);
      try {
        look();
      } catch (thrown) {
        const { message } = thrown as ModelError;
        expect(message).toStartWith(basename(path));
        expect(message).not.toContain(dirname(path));
      }
    });
}
