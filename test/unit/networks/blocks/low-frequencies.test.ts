import { afterAll, expect, test } from "bun:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encode } from "#/graph/encode.ts";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { scaledLowFrequencies } from "#/networks/blocks/low-frequencies.ts";

/** Against the transform itself, in float64: frequencies are numbered from 0 and centred by half of their number. */

const graph = new Graph({ operators: operators.cpu });
const input = graph.input("x", "float32", ["N", 2, "h", "w"]);
graph.output("y", scaledLowFrequencies(input, graph.input("scale", "float32", [1])));
const session = await InferenceSession.create(encode(graph, { folder: "/", inPlace: true }));
afterAll(() => session.release());

/** The filter by its definition: transform, mask of two by two around the middle of the centred spectrum, inverse. */
function filtered(plane: readonly number[], height: number, width: number, scale: number): number[] {
  const masked = (frequency: number, n: number): boolean => {
    const middle = Math.floor(n / 2);
    const centred = (frequency + middle) % n;
    return centred === middle || centred === middle - 1;
  };
  const out = [...plane];
  for (let a = 0; a < height; a += 1) {
    for (let b = 0; b < width; b += 1) {
      if (!masked(a, height) || !masked(b, width)) continue;
      const angle = (y: number, x: number): number => 2 * Math.PI * ((a * y) / height + (b * x) / width);
      let [real, imaginary] = [0, 0];
      for (const [at, value] of plane.entries()) {
        real += value * Math.cos(angle(Math.floor(at / width), at % width));
        imaginary -= value * Math.sin(angle(Math.floor(at / width), at % width));
      }
      for (const at of out.keys()) {
        const turn = angle(Math.floor(at / width), at % width);
        const back = real * Math.cos(turn) - imaginary * Math.sin(turn);
        out[at] = out[at]! + ((scale - 1) * back) / (height * width);
      }
    }
  }
  return out;
}

for (const [height, width] of [
  [8, 6],
  [7, 5],
  [5, 4],
  [2, 3],
  [1, 4],
  [3, 1],
  [1, 1],
] as const)
  for (const scale of [0.2, 1, 1.5])
    test(`the lowest frequencies of ${height} x ${width}, times ${scale}`, async () => {
      const size = height * width;
      const values = Float32Array.from({ length: 4 * size }, (_, i) => Math.sin(i * i + 0.3 * i) + 0.4);
      const { y } = await session.run({
        x: new Tensor("float32", values, [2, 2, height, width]),
        scale: new Tensor("float32", [scale], [1]),
      });
      const expected = [0, 1, 2, 3].flatMap((plane) =>
        filtered([...values.slice(plane * size, (plane + 1) * size)], height, width, scale),
      );
      const found = Array.from((y?.data ?? []) as Float32Array);
      expect(found.length).toBe(expected.length);
      for (const [at, value] of expected.entries()) expect(Math.abs(value - found[at]!)).toBeLessThan(2e-6);
    });
