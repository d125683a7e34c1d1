import { describe, expect, test } from "bun:test";
import { newTaskId } from "#/lib/task-id.ts";
import { Affinity, type Holding, type Waiting } from "#/tasks/life-cycle/affinity.ts";

/** Waiting tasks by the checkpoints they need, and engines by what is open on them; "" for nothing. */
const waiting = (needs: string): readonly Waiting[] =>
  [...needs].map((checkpoint) => ({ id: newTaskId(), checkpoint }));
const engines = (...open: readonly string[]): readonly Holding[] =>
  open.map((one) => ({ open: one === "" ? undefined : one }));

function affinity(limit = 1000) {
  const clock = { now: 0 };
  const chooser = new Affinity(limit, () => clock.now);
  const pick = (tasks: readonly Waiting[], idle: readonly Holding[], busy: readonly Holding[] = []) => {
    const chosen = chooser.choose(tasks, idle, busy);
    return chosen === undefined ? undefined : [chosen.task, chosen.engine];
  };
  return { clock, pick };
}

describe("which task, and where", () => {
  test.each([
    ["nobody waits", "", [""], [], undefined],
    ["no engine is idle", "x", [], ["x"], undefined],
    ["one engine keeps to the order, whatever is open on it", "yx", ["x"], [], [0, 0]],
    ["the first goes where its checkpoint is open", "xy", ["y", "x"], [], [0, 1]],
    ["to one with nothing open rather than in another's place", "x", ["y", "", "z"], [], [0, 1]],
    ["else to the one that has been idle longest", "x", ["y", "z"], [], [0, 0]],
    ["it is passed over where its checkpoint is busy and another's is idle", "yx", ["x"], ["y"], [1, 0]],
    ["by the first of those that fit", "yyzxx", ["x"], ["y"], [3, 0]],
    ["but no engine is left idle for it", "yz", ["x"], ["y"], [0, 0]],
    ["nor is it passed over where its checkpoint is open nowhere", "zx", ["x"], ["y"], [0, 0]],
  ] as const)("%s", (...[, needs, idle, busy, expected]) => {
    expect(affinity().pick(waiting(needs), engines(...idle), engines(...busy))).toEqual(expected as never);
  });

  test("a task is passed over no longer than the limit, counted from the first time", () => {
    const { clock, pick } = affinity(1000);
    const [y, ...xs] = waiting("yxxxx") as [Waiting, ...Waiting[]];
    expect(pick([y, ...xs], engines("x"), engines("y"))).toEqual([1, 0]);
    clock.now = 999;
    expect(pick([y, ...xs.slice(1)], engines("x"), engines("y"))).toEqual([1, 0]);
    clock.now = 1000;
    expect(pick([y, ...xs.slice(2)], engines("x"), engines("y"))).toEqual([0, 0]);
    // Another one's time begins anew.
    const [again] = waiting("y") as [Waiting];
    expect(pick([again, ...xs.slice(2)], engines("x"), engines("y"))).toEqual([1, 0]);
  });

  test("a limit of 0 keeps to the order", () => {
    expect(affinity(0).pick(waiting("yx"), engines("x"), engines("y"))).toEqual([0, 0]);
  });

  test("of those in between each has its own time", () => {
    const { clock, pick } = affinity(1000);
    const [a, b, ...xs] = waiting("yyxxx") as [Waiting, Waiting, ...Waiting[]];
    expect(pick([a, ...xs], engines("x"), engines("y"))).toEqual([1, 0]);
    clock.now = 500;
    expect(pick([a, b, ...xs.slice(1)], engines("x"), engines("y"))).toEqual([2, 0]);
    clock.now = 1100;
    // The first has waited long enough; once it is begun, the second has not.
    expect(pick([a, b, ...xs.slice(2)], engines("x"), engines("y"))).toEqual([0, 0]);
    expect(pick([b, ...xs.slice(2)], engines("x"), engines("y"))).toEqual([1, 0]);
    clock.now = 1500;
    expect(pick([b, ...xs.slice(2)], engines("x"), engines("y"))).toEqual([0, 0]);
  });
});
