import { expect, test } from "bun:test";
import { whileTelling } from "#/pipeline/while-telling.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what is told is passed on in order, also what is told just before the end", async () => {
  const work = whileTelling<number, string>(async (tell) => {
    tell(1);
    tell(2);
    await turn();
    tell(3);
    return "done";
  });
  expect([await work.next(), await work.next(), await work.next(), await work.next()]).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: false, value: 3 },
    { done: true, value: "done" },
  ]);
});

test("it is passed on while the work goes on, and a failure comes through", async () => {
  let go: () => void = () => undefined;
  const door = new Promise<void>((resolve) => {
    go = resolve;
  });
  const work = whileTelling<string, never>(async (tell) => {
    tell("first");
    await door;
    throw new RangeError("broken");
  });
  expect((await work.next()).value).toBe("first");
  go();
  await expect(work.next()).rejects.toThrow("broken");
});
