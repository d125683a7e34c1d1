import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
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
 * Twenty prompts are few, and another processor rounds otherwise: so many may be wrong beyond the share that
 * `scripts/bench/demo-quality.ts` asks of a hundred.
 */
const leeway = 2;

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
    (part) => score[part] >= least[part] * score.of - leeway,
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

test("the last preview looks like the picture", async () => {
  const answer = await fetch(`${server.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({
      prompt: "a yellow star on a purple background",
      image_seed: 4,
      stream_output: true,
      ...modes.lightning.settings,
    }),
  });
  const said = (await answer.text()).split("\r\n").filter((line) => line.startsWith("data: {"));
  const events = said.map((line) => JSON.parse(line.slice(6)));
  const previews = events.flatMap(({ preview }) => (typeof preview === "string" ? [preview] : []));
  const preview = Buffer.from(previews.at(-1)?.split(",")[1] ?? "", "base64");
  const picture = new Uint8Array(await (await fetch(events.at(-1).images[0])).arrayBuffer());
  // Of 255, averaged over the colours of 16 x 16 places; SDXL's own colours, which are not this model's, miss by more than 70.
  expect(await colourDistance(preview, picture)).toBeLessThan(30);
});

async function colourDistance(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((image) => sharp(image).removeAlpha().resize(16, 16, { fit: "fill" }).raw().toBuffer()),
  );
  return a!.reduce((sum, value, i) => sum + Math.abs(value - b![i]!), 0) / a!.length;
}
