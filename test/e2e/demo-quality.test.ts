import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  draw,
  faultsOf,
  fixedPrompts,
  type Judged,
  judge,
  modes,
  scoreOf,
} from "../../scripts/bench/quality/measure.ts";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";

setDefaultTimeout(900_000);

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer();
});
afterAll(() => server?.close());

// The targets are for 100 prompts (scripts/bench/demo-quality.ts); among 20, one more miss is within chance.
test.each(["default", "lightning"] as const)("20 fixed prompts show what they ask for: %s", async (name) => {
  const { settings, least } = modes[name];
  const prompts = fixedPrompts(20);
  expect(new Set(prompts.map(({ shape }) => shape)).size).toBe(10);
  const judged: Judged[] = [];
  for await (const one of judge(server.url, prompts, settings)) judged.push(one);
  const score = scoreOf(judged);
  const misses = judged
    .filter((one) => faultsOf(one).length > 0)
    .map(({ wanted, read }) => `${wanted.prompt}: ${read.foreground} ${read.shape} on ${read.background}`);
  const enough = (["background", "foreground", "shape"] as const).every(
    (part) => score[part] >= Math.ceil(least[part] * 20) - 1,
  );
  expect({ enough, ...score, misses: enough ? [] : misses }).toEqual({ enough: true, ...score, misses: [] });
});

test("the same request makes the same bytes, another seed another picture", async () => {
  const ask = (seed: number) =>
    draw(server.url, "a green heart on a white background", seed, modes.lightning.settings);
  const first = await ask(11);
  expect(Bun.deepEquals(await ask(11), first)).toBe(true);
  expect(Bun.deepEquals(await ask(12), first)).toBe(false);
});
