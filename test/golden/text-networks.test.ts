import { afterAll, expect, test } from "bun:test";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import { openNetworks } from "#/runtime/models.ts";
import type { TextTokens } from "#/runtime/text-encoders.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readInversion, textWidths } from "#/weights/layouts/textual-inversion.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { encodeTexts } from "../support/encode-text.ts";
import { expansionModel } from "../support/expansion-files.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { goldenKeys } from "../support/unproven.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Text encoders with vectors among their tokens, and GPT-2 with its cache, against transformers on the same weights
 * (scripts/golden/text_networks.py). The bound is that of the other networks (networks.test.ts).
 */
const tolerance = 1e-4;

const base = await tinyCheckpoint();
const expansion = await expansionModel();
const golden = goldenTensors("text-networks.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());

const compared = new Set<string>();
const close = (found: Tensor | undefined, key: string): void => {
  compared.add(key);
  if (found === undefined) throw new Error(`${key} was not answered`);
  expectNear(found, golden(key), tolerance);
};

const embedding = (name: string): string => goldenPath(`embeddings/${name}`);
const openWith = (...names: readonly string[]) => {
  const inversions = names.map((name) => ({ said: name, path: embedding(name) }));
  return openNetworks(
    { base, loras: [], inversions, prompt_expansion: expansion },
    { clipSkip: 2 },
    workshop,
  );
};

/** Ids of which some are replaced by a tensor's rows. */
function tokensWith(ids: string, rows: string): TextTokens {
  const { dims, data } = golden(rows);
  const [count = 0, width = 0] = dims;
  const vectors = Array.from({ length: count }, (_, at) => data.slice(at * width, (at + 1) * width));
  return [...golden(ids).data].map((id, at) => vectors[at - 5] ?? id);
}

test("vectors stand among the tokens of both encoders", async () => {
  const { textL, textG } = openWith("both.safetensors");
  close((await textL(tokensWith("text-vectors.ids_l", "text-vectors.l"))).hidden, "text-vectors.hidden_l_2");
  const g = await textG(tokensWith("text-vectors.ids_g", "text-vectors.g"));
  close(g.hidden, "text-vectors.hidden_g_2");
  close(g.pooled, "text-vectors.pooled");
});

test("without a vector the encoders of a job with textual inversions answer to the bit as those of any other", async () => {
  const [plain, other] = [
    openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop),
    openWith("both.safetensors"),
  ];
  const [l, g] = [[...golden("text-vectors.ids_l").data], [...golden("text-vectors.ids_g").data]];
  expect((await other.textL(l)).hidden).toEqual((await plain.textL(l)).hidden);
  expect(await other.textG(g)).toEqual(await plain.textG(g));
});

/** The fixture keeps every fourth channel. */
const everyFourth = ({ dims: [n = 1, tokens = 1, channels = 1], data }: Tensor): Tensor => ({
  dims: [n, tokens, channels / 4],
  data: data.filter((_, i) => i % 4 === 0),
});

for (const name of ["both", "only-g"]) {
  test(`a prompt with the textual inversion ${name}: one encoder's vectors are nothing to the other`, async () => {
    const file = `${name}.safetensors`;
    const { textL, textG, vectors } = openWith(file);
    const vocabulary = { tokenizer: createTokenizer(), vectors };
    const text = `a photo of embedding:${file} in a garden`;
    const { context, pooled } = await encodeTexts([text], 1, { ...vocabulary, textL, textG });
    close(everyFourth(context), `embedding.${name}.context`);
    close(pooled, `embedding.${name}.pooled`);
  });
}

test("every form of a textual inversion gives its vectors to the encoder that they fit", () => {
  const widths = textWidths(sdxlCheckpoint(openWeights(base)));
  const rows = (name: string) => {
    const { l, g } = readInversion(openWeights(embedding(name)), widths, "tiny");
    return [l.map((row) => [...row]), g.map((row) => [...row])];
  };
  const [l, g] = rows("both.safetensors");
  expect([l?.length, g?.length]).toEqual([3, 3]);
  expect(l?.flat()).toEqual([...golden("text-vectors.l").data]);
  expect(rows("only-g.safetensors")).toEqual([[], g!]);
  expect(rows("a1111.safetensors")).toEqual([l!, []]);
  expect(rows("a1111.pt")).toEqual([l!, []]);
  expect(rows("diffusers.bin")).toEqual([l!.slice(0, 1), []]);
  expect(rows("list.bin")).toEqual([l!.slice(0, 2), g!.slice(0, 1)]);
  expect(rows("pivotal.safetensors")).toEqual([l!, g!]);
});

test("one for another model is refused with the widths that are there and those that are wanted", () => {
  const widths = textWidths(sdxlCheckpoint(openWeights(base)));
  const read = () => readInversion(openWeights(embedding("other-model.safetensors")), widths, "tiny");
  expect(read).toThrow("its vectors are 32 wide, and the text encoders of tiny take 64 and 128");
});

test("a section's numbers are the same to the last bit alone and among seven others, whether vectors stand in it or not", async () => {
  for (const { textL, textG } of [openWith(), openWith("both.safetensors")]) {
    const eight = Array.from({ length: 8 }, (_, at) =>
      [...golden("text-vectors.ids_l").data].map((id, place) =>
        place > 0 && place < 9 ? id + at * place : id,
      ),
    );
    const [l, g] = [await textL(...eight), await textG(...eight)];
    for (const [at, tokens] of eight.entries()) {
      const [ownL, ownG] = [await textL(tokens), await textG(tokens)];
      for (const [all, own] of [
        [l.hidden, ownL.hidden],
        [g.hidden, ownG.hidden],
        [g.pooled!, ownG.pooled!],
      ] as const)
        expect(all.data.slice(at * own.data.length, (at + 1) * own.data.length)).toEqual(own.data.slice());
    }
  }
});

test("GPT-2 in one go, and one token more behind what it remembers", async () => {
  const model = openWith().language();
  const candidates = Array.from({ length: model.vocabulary }, (_, id) => id);
  const row = (data: Float32Array): Tensor => ({ dims: [1, data.length], data });
  const told = { candidates, memory: model.blank, ids: [...golden("gpt2.ids").data] };
  const first = await model.next(told);
  close(row(first.scores), "gpt2.scores");
  close(first.memory, "gpt2.present");
  close(row((await model.next({ candidates, ids: [77], memory: first.memory })).scores), "gpt2.next");
  const some = await model.next({ ...told, candidates: [11, 300] });
  expectNear(row(some.scores), row(first.scores.filter((_, id) => [11, 300].includes(id))), 1e-6);
});

test("every answer of the fixture was compared", () => {
  const given = /\.ids(_[lg])?$|^text-vectors\.[lg]$/;
  const answers = [...goldenKeys("text-networks.safetensors")].filter((key) => !given.test(key));
  expect([...compared].toSorted()).toEqual(answers.toSorted());
});
