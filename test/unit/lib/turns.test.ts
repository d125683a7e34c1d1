import { expect, test } from "bun:test";
import { Turns } from "#/lib/turns.ts";

test("what has one name is done one after the other, whatever becomes of it; another name waits for nobody", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = turns.take("a", async () => {
    await held.promise;
    done.push("first");
    throw new Error("broken");
  });
  const second = turns.take("a", async () => done.push("second"));
  await turns.take("b", async () => done.push("other"));
  expect(done).toEqual(["other"]);
  held.resolve();
  await expect(first).rejects.toThrow("broken");
  expect(await second).toBe(3);
  expect(await turns.take("a", async () => done.length)).toBe(3);
  expect(done).toEqual(["other", "first", "second"]);
});
