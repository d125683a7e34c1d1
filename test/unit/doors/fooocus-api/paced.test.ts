import { describe, expect, test } from "bun:test";
import { paced } from "#/doors/fooocus-api/paced.ts";
import { Inbox } from "#/lib/inbox.ts";

const pace = { milliseconds: 20, isReplaceable: (item: string) => item.startsWith("p") };

/** What comes of items that are all there at once. */
async function told(items: readonly string[]): Promise<readonly string[]> {
  const inbox = new Inbox<string>();
  for (const item of items) inbox.push(item);
  inbox.close();
  return await Array.fromAsync(paced(inbox, pace));
}

describe("events that come faster than they may be told", () => {
  test("of progress that waits the newest is told, of all else everything, in its order", async () => {
    expect(await told(["p1", "p2", "a", "b", "p3", "p4", "end"])).toEqual([
      "p1",
      "p2",
      "a",
      "b",
      "p4",
      "end",
    ]);
    expect(await told(["p1", "p2", "p3"])).toEqual(["p1", "p3"]);
    expect(await told([])).toEqual([]);
  });

  test("each is told so long after the one before, and the end at once", async () => {
    const times: number[] = [];
    const started = performance.now();
    const inbox = new Inbox<string>();
    for (const item of ["a", "b", "c"]) inbox.push(item);
    inbox.close();
    for await (const _ of paced(inbox, pace)) times.push(performance.now() - started);
    expect(times).toHaveLength(3);
    // Timers may be a fraction early, never much.
    expect(times[1]).toBeGreaterThan((times[0] ?? 0) + 18);
    expect(times[2]).toBeGreaterThan((times[1] ?? 0) + 18);
  });

  test("what was read before a failure is told before it", async () => {
    const inbox = new Inbox<string>();
    inbox.push("a");
    inbox.fail(new Error("broke"));
    const seen: string[] = [];
    const read = async () => {
      for await (const item of paced(inbox, pace)) seen.push(item);
    };
    const failing = read();
    expect(failing).rejects.toThrow("broke");
    await Bun.sleep(60);
    expect(seen).toEqual(["a"]);
  });

  test("a reader that leaves ends the reading", async () => {
    const more = Promise.withResolvers<void>();
    const left = Promise.withResolvers<string>();
    async function* endless() {
      try {
        for (let n = 0; ; n += 1) {
          yield `a${n}`;
          if (n > 2) await more.promise;
        }
      } finally {
        left.resolve("left");
      }
    }
    for await (const item of paced(endless(), pace)) if (item === "a1") break;
    more.resolve();
    expect(await left.promise).toBe("left");
  });
});
