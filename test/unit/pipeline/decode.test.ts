import { expect, test } from "bun:test";
import type { Fact } from "#/pipeline/generate.ts";
import { Interruption } from "#/pipeline/run.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { decode } from "#/pipeline/stages/decode.ts";
import type { Networks } from "#/runtime/models.ts";
import { zeros } from "#/tensor/tensor.ts";
import { stubJob } from "../../support/stub-job.ts";

const prompt = { context: zeros([1, 77, 1]), pooled: zeros([1, 1]) };
const prompts = { positive: prompt, negative: prompt };
const spec = { seed: 1n, positive: { texts: [""], topK: 1 }, negative: { texts: [""], topK: 1 } };
const beginning = fromNoise({ size: { width: 64, height: 64 } });
const image = (answers: Partial<Networks>) => ({
  job: stubJob(answers),
  index: 3,
  spec,
  prompts,
  beginning,
});

/** A walk through four strips that notices when it is left. */
function fourStrips() {
  const seen = { left: false };
  const decodeByStrips: Networks["decodeByStrips"] = async function* ({ dims }) {
    try {
      for (let done = 0; done < 4; done += 1) yield { at: "strip", done, of: 4 };
      yield { at: "end", answer: zeros([1, 3, 8 * (dims[2] ?? 0), 8 * (dims[3] ?? 0)]) };
    } finally {
      seen.left = true;
    }
  };
  return { seen, decodeByStrips };
}

const large = zeros([1, 4, 96, 88]);
const momentOf = (fact: Fact | undefined) => (fact?.type === "progress" ? fact.at : undefined);

test("a large picture is decoded by strips, each of which is told", async () => {
  const { decodeByStrips } = fourStrips();
  const stage = decode(image({ decodeByStrips }), large);
  const told: unknown[] = [];
  let next = await stage.next();
  for (; next.done !== true; next = await stage.next()) told.push(momentOf(next.value));
  expect(told).toEqual([0, 1, 2, 3].map((strip) => ({ stage: "decoding", image: 3, strip, strips: 4 })));
  expect([next.value.width, next.value.height, next.value.data[0]]).toEqual([704, 768, 127]);
});

test("a stop is heard before the next strip, and what the walk holds is let go", async () => {
  const { seen, decodeByStrips } = fourStrips();
  const at = image({ decodeByStrips });
  const stage = decode(at, large);
  await stage.next();
  at.job.run.interrupt("stop");
  expect(stage.next()).rejects.toBeInstanceOf(Interruption);
  await Bun.sleep(0);
  expect(seen.left).toBe(true);
});

test("a small picture is decoded in one piece", async () => {
  const stage = decode(image({ decode: async () => zeros([1, 3, 64, 64]) }), zeros([1, 4, 8, 8]));
  expect(momentOf((await stage.next()).value as Fact)).toMatchObject({ strip: 0, strips: 1 });
  expect((await stage.next()).done).toBe(true);
});
