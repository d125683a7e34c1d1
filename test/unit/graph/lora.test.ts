import { expect, test } from "bun:test";
import type { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import type { JoinedLora, JoinedLoras } from "#/weights/derived/joined-loras.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../../support/sdxl-layout.ts";

const { unet } = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/base.safetensors"));
const modules = [...unet].filter(([key, { shape }]) => key.endsWith(".weight") && shape.length >= 2);
const convolutions = modules.filter(([, { shape }]) => shape.length === 4).length;

/** Joined factors on modules of SDXL's UNet; which LoRAs have some on a module is said by its number. */
function joined(count: number, owners: (module: number) => readonly number[]): JoinedLoras {
  const factor = (key: string, shape: readonly number[]): WeightRef => {
    const length = shape.reduce((product, n) => product * n, 4);
    return { path: "/derived", key, dtype: "F32", shape, offset: 4096, length };
  };
  const entries = modules.map(([key, { shape }], n): [string, JoinedLora] => {
    const [out = 0, ...input] = shape;
    const ranks = owners(n);
    const kernel = input.slice(1).map(() => 1);
    const module = key.slice(0, -".weight".length);
    const down = factor(`${module}.down`, [ranks.length, ...input]);
    return [
      module,
      {
        down,
        up: factor(`${module}.up`, [out, ranks.length, ...kernel]),
        owners: ranks,
        scales: ranks.map(() => 1),
      },
    ];
  });
  return {
    count,
    modules: new Map(
      entries.filter(
        ([
          ,
          {
            owners: { length },
          },
        ]) => length > 0,
      ),
    ),
  };
}

const draw = (loras?: JoinedLoras): Graph =>
  networks.unet.draw(weightSource("SDXL base", unet, loras), operators.cpu);
const plain = draw();
const ranks = (count: number, each: number): number[] =>
  Array.from({ length: count * each }, (_, i) => Math.floor(i / each));

test("any number of LoRAs takes three nodes a module, and no casts", () => {
  expect([modules.length, convolutions]).toEqual([788 + 6, 51]); // the six below time_embed, label_emb and the ends
  for (const count of [1, 5, 20]) {
    const graph = draw(joined(count, () => ranks(count, 4)));
    const strengths = 2; // one look-up for rows, one for features
    expect(graph.nodes.length - plain.nodes.length).toBe(3 * modules.length + strengths);
    expect(graph.casts.length).toBe(plain.casts.length);
    expect(graph.weights.size - plain.weights.size).toBe(2 * modules.length);
    expect(graph.inputs.at(-1)).toMatchObject({ name: "lora_strengths", dims: [count] });
  }
});

test("modules with other ranks look their strengths up once for each pattern", () => {
  const patterns = [[0, 0], [1, 1, 1], [0, 0, 1, 1, 1], []] as const;
  const graph = draw(joined(2, (n) => patterns[n % 4]!));
  expect(graph.nodes.filter(({ op }) => op === "Gather").length).toBe(2 * 3);
});

test("where no kernel adds to a convolution, that is one node more", () => {
  const graph = networks.unet.draw(
    weightSource(
      "SDXL base",
      unet,
      joined(1, () => [0]),
    ),
    operators.webgpu,
  );
  const bare = networks.unet.draw(weightSource("SDXL base", unet), operators.webgpu);
  expect(graph.nodes.length - bare.nodes.length).toBe(3 * modules.length + convolutions + 2);
});
