import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { BugError } from "#/lib/errors.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { WeightChange } from "#/weights/weight-change.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "changes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ones = (...shape: number[]) =>
  stored(
    "F32",
    shape,
    Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => 1),
  );
const { tensors } = readSafetensors(
  writeTensors(join(folder, "tensors.safetensors"), {
    "m.weight": ones(6, 4),
    up: ones(6, 2),
    down: ones(2, 4),
    lengths: ones(6, 1, 1),
  }),
);
const part = (name: string) => tensors.get(name)!;

function draw(changes: readonly WeightChange[]): Graph {
  const g = new Graph({ operators: operators.cpu });
  const loras = { count: 2, modules: new Map(), changes: new Map([["m.weight", changes]]) };
  g.output(
    "y",
    linear(new Module(g, weightSource("base", tensors, loras), "m"), g.input("x", "float32", [3, 4])),
  );
  return g;
}

const product: WeightChange = { form: "product", owner: 1, parts: { up: part("up"), down: part("down") } };

test("a changed weight is drawn before the nodes, from factors that stay in their file", () => {
  const graph = draw([product]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Gemm", "Identity"]);
  expect(graph.casts.map(({ op }) => op)).toEqual(["Gather", "Mul", "Gemm"]);
  expect([...graph.weights.values()].filter(({ inline }) => inline)).toEqual([]);
  expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "lora_strengths"]);
});

test("lengths take the strength behind them: it is of the whole difference", () => {
  const { parts } = product;
  const graph = draw([{ ...product, parts: { ...parts, magnitude: part("lengths") } }]);
  const kinds = graph.casts.map(({ op }) => op);
  expect(kinds.indexOf("ReduceL2")).toBeLessThan(kinds.lastIndexOf("Mul"));
  expect(graph.casts.find(({ op }) => op === "Gemm")?.inputs[0]).toBe("up");
});

test("a change without one of its parts is a slip of ours", () => {
  expect(() => draw([{ form: "hadamard", owner: 0, parts: { a1: part("up") } }])).toThrow(BugError);
});
