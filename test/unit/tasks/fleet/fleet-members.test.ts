import { expect, test } from "bun:test";
import type { Member, MemberEngine } from "#/fleet/roll.ts";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { FleetMembers } from "#/tasks/fleet/fleet-members.ts";
import { FleetTasks } from "#/tasks/fleet/fleet-tasks.ts";
import type { EngineHealth } from "#/tasks/life-cycle/task-reader.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const engine = (state: string, task: TaskId | null, name = "cuda:0"): MemberEngine => ({
  ...{ name, device: "cuda", state, task, checkpoint: "a.safetensors" },
});

/** A head that sees one worker with these engines, and knows these tasks. */
async function headOf(engines: readonly MemberEngine[], ...numbers: readonly number[]) {
  const worker: Member = {
    ...{ id: "w", role: "worker", host: "h", version: "1", recipeVersion: 3, startedAt: 1, state: "ready" },
    ...{ engines, models: "", facts: {} },
  };
  const told: (EngineHealth | undefined)[] = [];
  const nobody = (): never => {
    throw new Error("not asked for");
  };
  const roll = {
    ...{ enter: nobody, admit: nobody, keepModels: nobody, models: nobody },
    members: async () => [worker],
  };
  const members = new FleetMembers({ roll, inboxes: { send: nobody, listen: nobody } }, 3, silentLog, (one) =>
    told.push(one),
  );
  const tasks = new FleetTasks();
  members.follow(tasks);
  for (const n of numbers)
    tasks.add({
      ...{ id: idOf(n), row: n, request: {}, webhookUrl: "", label: null, warnings: [], queuedAt: n },
      ...{ door: { name: "fooocus-api", word: "" }, state: { status: "pending", position: 0 } },
    });
  await members.look();
  return { members, tasks, told };
}

const seen = (members: FleetMembers) => members.engines.map(({ state, task }) => [state, task]);

test("a task that was told to begin, and to be done, is seen before the roll says so", async () => {
  const { members, tasks } = await headOf([engine("ready", null)], 1, 2);
  tasks.start(idOf(1), 5, 1, "w/cuda:0");
  expect(seen(members)).toEqual([["busy", idOf(1)]]);
  expect(members.counts.workers.busy).toBe(1);
  expect(members.all[0]?.engines[0]?.task).toBe(idOf(1));
  tasks.leave(idOf(1));
  expect(seen(members)).toEqual([["ready", null]]);
  tasks.start(idOf(2), 6, 1, "w/cuda:0");
  tasks.end(idOf(1));
  expect(seen(members)).toEqual([["busy", idOf(2)]]);
  tasks.putBack(idOf(2), 1);
  expect(seen(members)).toEqual([["ready", null]]);
});

test("what the roll says of a task that is over, or runs elsewhere, is too old", async () => {
  const { members, tasks } = await headOf(
    [engine("busy", idOf(1)), engine("busy", idOf(2), "cuda:1"), engine("busy", null, "cuda:2")],
    1,
  );
  tasks.start(idOf(1), 5, 2, "other/cuda:0");
  expect(seen(members)).toEqual([
    ["ready", null],
    ["ready", null],
    // It answers a question, of which no log tells.
    ["busy", null],
  ]);
});

test("where nobody told where a task runs, the roll is believed until its worker is done with it", async () => {
  const { members, tasks } = await headOf([engine("busy", idOf(1))], 1);
  tasks.start(idOf(1), 5, 1, undefined);
  expect(seen(members)).toEqual([["busy", idOf(1)]]);
  tasks.leave(idOf(1));
  expect(seen(members)).toEqual([["ready", null]]);
});

test("readers are told of many that moved at once, and not of what did not change", async () => {
  const { members, tasks, told } = await headOf(
    [engine("ready", null), engine("ready", null, "cuda:1")],
    1,
    2,
  );
  const before = told.length;
  for (const [n, place] of [
    [1, "w/cuda:0"],
    [2, "w/cuda:1"],
  ] as const) {
    tasks.start(idOf(n), 5, 1, place);
    members.moved();
  }
  while (told.length === before) await Bun.sleep(5);
  expect(told.slice(before)).toEqual([members.engines[0]]);
  await members.look();
  expect(told).toHaveLength(before + 1);
  members.close();
});
