import { expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import { FleetTasks } from "#/tasks/fleet/fleet-tasks.ts";
import { LineNews } from "#/tasks/fleet/line-news.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

test("a place that was told with its task is not told again until it is another one", async () => {
  const tasks = new FleetTasks();
  const told: string[] = [];
  const whisper = (id: TaskId) => told.push(id);
  const news = new LineNews({ whisper, addServer: () => undefined }, tasks);
  const settings = { request: {}, webhookUrl: "", label: null, warnings: [], queuedAt: 1 } as const;
  for (const n of [1, 2]) {
    const door = { name: "fooocus-api", word: "" } as const;
    tasks.add({ ...settings, id: idOf(n), row: n, door, state: { status: "pending", position: 0 } });
    news.heard(idOf(n), n, n - 1);
  }
  news.changed();
  await Bun.sleep(300);
  expect(told).toEqual([]);
  tasks.end(idOf(1));
  news.changed();
  await Bun.sleep(300);
  expect(told).toEqual([idOf(2)]);
});
