import { expect, test } from "bun:test";
import type { Graph } from "#/graph/graph.ts";
import { listing } from "#/graph/listing.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import type { Features } from "#/networks/network.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { locatedFor } from "../../support/network-tensors.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

/** What a network says of itself is what it draws. */
const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/tiny.safetensors"));

for (const { name, from, draw, inputs, outputs, keyedBy } of Object.values(networks)) {
  const drawn = (clipSkip: number, more: Partial<Features> = {}): Graph =>
    draw(weightSource("tiny", locatedFor(from, checkpoint, sdxlTiny).tensors), operators.cpu, {
      clipSkip,
      ...more,
    });

  test(`${name}: the inputs and outputs that are declared are those of the graph`, () => {
    const graph = drawn(2);
    const whole = new Set<string>(["tokens", "position"]);
    expect(graph.inputs.map((port) => [port.name, port.type])).toEqual(
      Object.entries(inputs).map(([input, carried]) => [input, whole.has(carried) ? "int64" : "float32"]),
    );
    expect(graph.outputs.map((port) => port.name)).toEqual([...outputs]);
  });

  for (const feature of ["freeU", "textKeys", "inpaint", "controlnet", "ip_adapter"] as const)
    test(`${name}: ${feature} is part of its key if, and only if, the graph depends on it`, () => {
      const depends = listing(drawn(2, { [feature]: true })) !== listing(drawn(2));
      expect(keyedBy.some((one) => one === feature)).toBe(depends);
    });

  test(`${name}: clip skip is part of its key if, and only if, the graph depends on it`, () => {
    const depends = listing(drawn(1)) !== listing(drawn(2));
    expect(keyedBy.some((feature) => feature === "clipSkip")).toBe(depends);
  });
}
