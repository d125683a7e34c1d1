import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { add, matmul } from "#/graph/ops/arithmetic.ts";
import { toWireError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import type { JobRequest } from "#/runtime/open-network.ts";
import { Residency } from "#/runtime/residency.ts";

/** What a job holds, and what makes room for it. */
const folder = mkdtempSync(join(tmpdir(), "working-set-"));
afterAll(() => rmSync(folder, { recursive: true }));

const kilobyte = 1024;
const whole = join(folder, "whole");
writeFileSync(whole, new Uint8Array(64 * kilobyte));

/** A residency, the names of what was opened in order, and networks over kilobytes `from` to `to` of one file. */
function within(budget: number, weights: "in-place" | "packed" = "in-place") {
  const options = { device: "cpu", weights, threads: 1 } as const;
  const residency = new Residency(options, { bytes: budget * kilobyte }, silentLog);
  const opened: string[] = [];
  const over = (name: string, from: number, to: number): JobRequest => ({
    key: name,
    name,
    files: [],
    draw: () => {
      opened.push(name);
      return adding(from, to);
    },
    bytes: () => (to - from) * kilobyte,
  });
  const names = () => residency.resident.map(({ name }) => name);
  return { residency, over, opened, names };
}

function adding(from: number, to: number): Graph {
  const g = new Graph({ operators: operators.cpu });
  let x = g.input("x", "float32", [1, kilobyte / 4]);
  for (let n = from; n < to; n += 1) {
    const at = { offset: n * kilobyte, length: kilobyte };
    x = add(x, g.weight({ path: whole, key: `w${n}`, dtype: "F32", shape: [1, kilobyte / 4], ...at }));
  }
  g.output("y", x);
  return g;
}

for (const weights of ["in-place", "packed"] as const) {
  test(`two networks in a budget too small for both are opened once each while their job takes turns, ${weights}`, async () => {
    const { residency, over, opened, names } = within(3, weights);
    const [a, b] = [over("a", 0, 2), over("b", 2, 5)];
    residency.startJob([a, b]);
    for (let round = 0; round < 4; round += 1) for (const network of [a, b]) await residency.session(network);
    expect(opened).toEqual(["a", "b"]);
    await residency.endJob();
    expect(names()).toEqual(["b"]); // the budget holds between jobs
    await residency.close();
  });
}

test("what is not of the job makes room first, longest unused first, and as little as will do", async () => {
  const { residency, over, names } = within(6);
  const before = [over("old", 0, 2), over("older", 2, 4)];
  const [a, b] = [over("a", 10, 12), over("b", 12, 15)];
  for (const network of [...before, a]) await residency.session(network);
  await residency.session(before[0]!); // "older" is that now
  residency.startJob([a, b]);
  expect(names()).toEqual(["old", "older", "a"]); // nothing is closed before it must be
  await residency.session(b);
  expect(names()).toEqual(["a", "b"]); // 2 + 3 of 6: neither of the others fits beside them
  await residency.endJob();
  expect(names()).toEqual(["a", "b"]);
  const small = over("small", 20, 21);
  residency.startJob([small]);
  await residency.session(small);
  expect(names()).toEqual(["a", "b", "small"]);
  residency.startJob([over("more", 30, 33)]);
  await residency.session(over("more", 30, 33));
  expect(names()).toEqual(["a", "small", "more"]); // "a" would not have been enough, and "b" is without it
  await residency.close();
});

test("networks over the same bytes are open together in a budget for one of them; closing one would give nothing", async () => {
  const { residency, over, names } = within(5);
  const [plain, tuned, other] = [over("plain", 0, 4), over("tuned", 0, 5), over("other", 10, 11)];
  await residency.session(plain);
  await residency.session(tuned);
  expect(names()).toEqual(["plain", "tuned"]);
  expect(residency.resident.map(({ bytes }) => bytes)).toEqual([4 * kilobyte, 5 * kilobyte]);
  residency.startJob([tuned, other]);
  await residency.session(other);
  expect(names()).toEqual(["plain", "tuned", "other"]); // more than the budget, and "plain" is no part of what is too much
  await residency.endJob();
  expect(names()).toEqual(["plain", "other"]); // without "tuned" it is 5 again
  await residency.close();
});

test("copies are each network's own: in a budget for one of them the one before goes", async () => {
  const { residency, over, names } = within(5, "packed");
  await residency.session(over("plain", 0, 4));
  await residency.session(over("tuned", 0, 5));
  expect(names()).toEqual(["tuned"]);
  await residency.close();
});

test("a job whose largest network is more than the budget is refused before anything is opened or closed", async () => {
  const { residency, over, opened, names } = within(3);
  await residency.session(over("kept", 0, 2));
  const job = [over("small", 4, 5), over("large", 10, 14)];
  let refusal: unknown;
  try {
    residency.startJob(job);
  } catch (thrown) {
    refusal = thrown;
  }
  expect(toWireError(refusal)).toEqual({
    code: "out-of-memory",
    message:
      "The task needs 4.1 kB of weights open at once, for the network large; memory_budget allows 3.07 kB. Set " +
      "memory_budget to at least 4096, or to 0, which keeps nothing open between tasks and refuses none, or choose a " +
      "smaller model.",
    details: { network: "large", needed: 4096, budget: 3072, setting: "memory_budget" },
  });
  expect([opened, names()]).toEqual([["kept"], ["kept"]]);
  residency.startJob([over("fits", 10, 13)]); // exactly
  await residency.close();
});

test("what a job asks once makes room for what it asks then, and may be as large as the budget alone", async () => {
  const { residency, over, opened, names } = within(4);
  const [once, own, other] = [over("once", 0, 3), over("own", 3, 5), over("other", 5, 7)];
  residency.startJob([own, other], [once]);
  for (const network of [once, own, other]) await residency.session(network);
  expect([opened, names()]).toEqual([
    ["once", "own", "other"],
    ["own", "other"],
  ]);
  await residency.endJob();
  expect(() => residency.startJob([own], [over("large", 0, 5)])).toThrow("for the network large");
  await residency.close();
});

test("a budget of 0 keeps nothing between jobs, and refuses none", async () => {
  const { residency, over, opened, names } = within(0);
  const unasked = (): number => expect.unreachable("a size that nothing depends on");
  const job = [over("a", 0, 2), over("b", 2, 4)].map((network) => ({ ...network, bytes: unasked }));
  residency.startJob(job);
  for (const network of [...job, ...job]) await residency.session(network);
  expect(opened).toEqual(["a", "b"]);
  await residency.endJob();
  expect(names()).toEqual([]);
  await residency.close();
});

test("where memory runs out the job's own make room too, and what is not the job's before them", async () => {
  const { residency, over, names } = within(50);
  const [idle, own] = [over("idle", 0, 1), over("own", 1, 2)];
  const outer: JobRequest = { key: "outer", name: "outer", files: [], draw: outerProduct, bytes: () => 0 };
  const closed: string[][] = [];
  residency.startJob([own, outer]);
  for (const network of [idle, own]) await residency.session(network);
  const run = (n: number) => {
    const data = new Float32Array(n).fill(2);
    return residency.run(outer, { column: { dims: [n, 1], data }, row: { dims: [1, n], data } });
  };
  await run(3);
  closed.push(names());
  await expect(run(2 ** 20)).rejects.toThrow("could not be run"); // squared, four terabytes
  closed.push(names());
  expect(closed).toEqual([["idle", "own", "outer"], ["outer"]]);
  await residency.close();
});

function outerProduct(): Graph {
  const g = new Graph({ operators: operators.cpu });
  g.output("y", matmul(g.input("column", "float32", ["N", 1]), g.input("row", "float32", [1, "N"])));
  return g;
}
