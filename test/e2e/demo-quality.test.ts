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

/**
 * Floors, not targets: what today's model surely reaches of 20 prompts, so that a change of the server which spoils its
 * pictures shows. The targets (95, 95, 80 of 100; 85, 85, 70 in four steps) are `modes` in scripts/bench/quality; this
 * model does not reach them yet: it was measured at 19, 14 and 16 of 20 by default, and lower in four steps.
 */
const floors = {
  default: { background: 15, foreground: 10, shape: 11 },
  lightning: { background: 4, foreground: 10, shape: 6 },
} as const;

test.each(["default", "lightning"] as const)("20 fixed prompts show what they ask for: %s", async (name) => {
  const { settings } = modes[name];
  const prompts = fixedPrompts(20);
  expect(new Set(prompts.map(({ shape }) => shape)).size).toBe(10);
  const judged: Judged[] = [];
  for await (const one of judge(server.url, prompts, settings)) judged.push(one);
  const score = scoreOf(judged);
  const misses = judged
    .filter((one) => faultsOf(one).length > 0)
    .map(({ wanted, read }) => `${wanted.prompt}: ${read.foreground} ${read.shape} on ${read.background}`);
  const enough = (["background", "foreground", "shape"] as const).every(
    (part) => score[part] >= floors[name][part],
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
