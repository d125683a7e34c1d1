import { describe, expect, test } from "bun:test";
import { CrowdedQueue } from "#/lib/crowded-queue.ts";
import { Inbox } from "#/lib/inbox.ts";

/** Items with a digit replace those with the same letter before it. */
const keyOf = (item: string): string | undefined => (/\d/.test(item) ? item[0] : undefined);

const rest = (queue: CrowdedQueue<string>): readonly string[] => {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
};

describe("a queue", () => {
  test("without a rule keeps everything in its order", () => {
    const queue = new CrowdedQueue<string>();
    for (const item of ["a1", "a2", "x", "a3"]) expect(queue.push(item)).toBeUndefined();
    expect(queue.size).toBe(4);
    expect(rest(queue)).toEqual(["a1", "a2", "x", "a3"]);
  });

  test("that is crowded gives the newest of a key the last place, and says what gave way", () => {
    const queue = new CrowdedQueue({ from: 3, keyOf });
    // Not crowded yet: two of a kind wait.
    for (const item of ["a1", "a2", "x"]) queue.push(item);
    expect(["b1", "a3", "y", "y", "b2"].map((item) => queue.push(item))).toEqual([
      undefined,
      "a2",
      undefined,
      undefined,
      "b1",
    ]);
    expect(rest(queue)).toEqual(["a1", "x", "a3", "y", "y", "b2"]);
  });

  test("forgets what was taken: news stands for itself again", () => {
    const queue = new CrowdedQueue({ from: 0, keyOf });
    queue.push("a1");
    expect([queue.shift(), queue.push("a2"), queue.push("a3"), queue.size]).toEqual([
      "a1",
      undefined,
      "a2",
      1,
    ]);
    queue.clear();
    expect([queue.size, queue.push("a4"), queue.shift()]).toEqual([0, undefined, "a4"]);
  });
});

describe("an inbox", () => {
  test("cuts off a reader that is too far behind, after what it has", async () => {
    const inbox = new Inbox<string>({ most: 2 });
    for (const item of ["a", "b", "c", "d"]) inbox.push(item);
    expect(inbox.isOver).toBe(false);
    expect(await Array.fromAsync(inbox)).toEqual(["a", "b", "c"]);
    expect(inbox.isOver).toBe(true);
  });

  test("wakes a reader that waits, and fails after what came before", async () => {
    const inbox = new Inbox<string>({ crowding: { from: 0, keyOf } });
    const heard: string[] = [];
    const reading = (async () => {
      for await (const item of inbox) heard.push(item);
    })();
    for (const item of ["a1", "a2", "x"]) inbox.push(item);
    inbox.fail(new Error("broke"));
    expect(reading).rejects.toThrow("broke");
    await reading.catch(() => undefined);
    expect(heard).toEqual(["a2", "x"]);
  });
});
