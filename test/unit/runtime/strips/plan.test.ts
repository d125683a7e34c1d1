import { expect, test } from "bun:test";
import { weightSource } from "#/graph/module.ts";
import { decoderSteps, encoderSteps } from "#/networks/vae-steps.ts";
import type { Size } from "#/runtime/strips/bands.ts";
import { bytesOf, type Pass, planPasses } from "#/runtime/strips/plan.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../../../support/sdxl-layout.ts";

const { vae } = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors"));
const source = weightSource("SDXL", vae);

/** The most bytes of features that are kept at once, by what each pass says of where its answer stays. */
function mostKept(passes: readonly Pass[], input: Size): number {
  let features = bytesOf(input);
  let hidden = 0;
  let most = 0;
  for (const { into, size } of passes) {
    const answer = bytesOf(size);
    const fresh = into === "features" || into === "hidden" || into === "answer" ? answer : 0;
    most = Math.max(most, features + hidden + fresh + (into === "tokens" ? 3 * answer : 0));
    if (into === "hidden") hidden = answer;
    if (into === "features" || into === "answer" || into === "over-hidden") features = answer;
    if (into === "over-hidden") hidden = 0;
  }
  return most;
}

const decoded = (side: number) => {
  const input = { channels: 4, height: side / 8, width: side / 8 };
  const passes = planPasses(decoderSteps(source), input);
  return { passes, most: mostKept(passes, input) / 2 ** 30 };
};

test("a picture of 2048 x 2048 keeps at most 3 GiB of features, decoded and encoded", () => {
  expect(decoded(2048).most).toBeLessThanOrEqual(3);
  const input = { channels: 3, height: 2048, width: 2048 };
  expect(mostKept(planPasses(encoderSteps(source), input), input)).toBeLessThanOrEqual(3 * 2 ** 30);
});

test("up to 1024 x 1024 nothing is computed twice; beyond, only what is too large to be kept", () => {
  const twice = (side: number): readonly string[] =>
    decoded(side).passes.flatMap(({ part, into }) =>
      into !== "nowhere" || part.kind === "end"
        ? []
        : ["modules" in part ? part.modules.join() : part.module],
    );
  expect(twice(1024)).toEqual([]);
  expect(twice(2048)).toEqual(["decoder.up.1.upsample.conv", "decoder.up.0.block.1", "decoder.up.0.block.2"]);
});

test("strips have an even number of rows, and few enough for attention's scores where these are held", () => {
  for (const { part, rows, size } of decoded(2048).passes) {
    if (rows < size.height && part.kind !== "mixed") expect(rows % 2).toBe(0);
    if (part.kind === "mixed")
      expect(rows * size.width * size.height * size.width * 4).toBeLessThanOrEqual(2 ** 28);
  }
});
