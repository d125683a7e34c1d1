import { expect, test } from "bun:test";
import { activityOf, watchProcess } from "#/lib/still-process.ts";
import { soon } from "../../support/served-bench.ts";

/** A process whose activities are these texts, one a look; the last one stays. */
function looked(activities: readonly (string | undefined)[], stillness: number) {
  let looks = 0;
  let still = 0;
  const activity = (): string | undefined => activities[Math.min(looks++, activities.length - 1)];
  const end = watchProcess(1, stillness, () => (still += 1), { every: 2, activity });
  return { end, looks: () => looks, still: () => still };
}

test("a process that does nothing for so many looks is told once", async () => {
  const watch = looked(["1", "2", "2", "2", "3", "3", "3", "3", "3", "3"], 8);
  expect(await soon(() => watch.still() > 0)).toBe(true);
  // Four looks after the one that saw it move last, and no more since.
  expect([watch.looks(), watch.still()]).toEqual([9, 1]);
  await Bun.sleep(20);
  expect(watch.looks()).toBe(9);
});

test("one of which the system says nothing never counts as still, nor does one that is watched no more", async () => {
  const unknown = looked([undefined], 4);
  const left = looked(["1"], 4);
  left.end();
  expect(await soon(() => unknown.looks() > 10)).toBe(true);
  unknown.end();
  expect([unknown.still(), left.still()]).toEqual([0, 0]);
});

test.skipIf(process.platform !== "linux")(
  "a process that is held does nothing, and one that works does",
  async () => {
    const child = Bun.spawn(["/bin/sh", "-c", "while :; do :; done"]);
    try {
      const before = activityOf(child.pid);
      expect(before).toBeDefined();
      expect(await soon(() => activityOf(child.pid) !== before)).toBe(true);
      child.kill("SIGSTOP");
      let still = 0;
      watchProcess(child.pid, 100, () => (still += 1), { every: 20, activity: activityOf });
      expect(await soon(() => still === 1)).toBe(true);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(await soon(() => activityOf(child.pid) === undefined)).toBe(true);
  },
);
