import { expect, test } from "bun:test";
import { nextToken } from "#/pipeline/describe/next-token.ts";

const end = 5;
const long = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11];
const scoresOf = (length: number, score: (token: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, token) => score(token));

test("a caption does not end before it has ten tokens", () => {
  const scores = scoresOf(200, (token) => (token === end ? 20 : -0.001 * token));
  expect(nextToken(scores, long.slice(1), end).has(end)).toBe(false);
  expect([...nextToken(scores, long, end)]).toEqual([[end, 1]]);
});

test("what was said is less likely, whatever the sign of its logit, and once however often it was said", () => {
  const two = (first: number, second: number, said: readonly number[]): number => {
    const scores = scoresOf(60, (token) => (token === 20 ? first : token === 21 ? second : -50));
    return nextToken(scores, said, end).get(20) ?? 0;
  };
  const odds = (share: number): number => Math.log(share / (1 - share));
  expect(odds(two(1, 1, long))).toBeCloseTo(0, 5);
  expect(odds(two(1.1, 1.1, [...long, 20, 20]))).toBeCloseTo(1 - 1.1, 5);
  expect(odds(two(-1, -1, [...long, 20]))).toBeCloseTo(-0.1, 5);
});

test("the fifty best are looked at, and those at the edge that are equal", () => {
  const flat = nextToken(
    scoresOf(200, () => 0),
    [],
    end,
  );
  // One cannot come; of the other 199 a tenth goes.
  expect(flat.size).toBe(180);
  const steep = nextToken(
    scoresOf(200, (token) => -1e-6 * token),
    [],
    end,
  );
  expect([...steep.keys()]).toEqual([0, 1, 2, 3, 4, ...Array.from({ length: 40 }, (_, at) => at + 6)]);
});

test("of these the least likely go that are a tenth together, and shares sum to 1", () => {
  const shares = [0.6, 0.25, 0.08, 0.07];
  const left = nextToken(
    scoresOf(60, (token) => (token < 4 ? Math.log(shares[token] ?? 0) : -99)),
    [],
    end,
  );
  expect([...left.keys()]).toEqual([0, 1, 2]);
  expect(left.get(0)).toBeCloseTo(0.6 / 0.93, 6);
  expect([...left.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
});
