import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMain } from "../support/main-process.ts";
import { childrenOf } from "../support/process-tree.ts";
import { soon } from "../support/served-bench.ts";

/** How often an engine is killed. */
const kills = 50;

/** Clients that ask at once, each for one thing after the other. */
const clients = 4;

const folder = mkdtempSync(join(tmpdir(), "fooocusd-engines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = join(import.meta.dir, "../../models");

const small = {
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  async_process: true,
};

type Settled = Readonly<{ task_id: string; error: { code: string } | null }>;

/** Hears every end that the live channel tells, by task. */
async function hearEnds(url: string) {
  const ended = new Map<string, Settled[]>();
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = typeof data === "string" ? JSON.parse(data) : {};
    if (message.type !== "settled") return;
    ended.set(message.task_id, [...(ended.get(message.task_id) ?? []), message]);
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send(JSON.stringify({ type: "subscribe", tasks: "all" }));
  return { ended, close: () => socket.close() };
}

test(`two engines on one processor, and ${kills} kills of one of them under load: every task ends once, none is lost`, async () => {
  const main = await startMain(folder, "--port", "0", "--models", models, "--engines", "cpu,cpu");
  const { url } = main;
  const ask = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).json();
  const { ended, close } = await hearEnds(url);
  const given: string[] = [];
  const now = { isOver: false };
  const client = async (number: number): Promise<void> => {
    for (let n = 0; !now.isOver; n += 1) {
      const body = JSON.stringify({ ...small, prompt: `a red circle ${number} ${n}` });
      const { task_id } = await ask("/v1/engine/generate/", { method: "POST", body });
      given.push(task_id);
      await ask(`/tasks/${task_id}?wait=60`);
    }
  };
  const working = Array.from({ length: clients }, (_, number) => client(number));
  let killed = 0;
  let before = 0;
  while (killed < kills) {
    // An engine that never ends anything is left alone for longer and longer: that is another test's.
    await soon(() => ended.size > before);
    before = ended.size;
    await Bun.sleep(Math.random() * 400);
    const engines = childrenOf(main.child.pid);
    const victim = engines[Math.floor(Math.random() * engines.length)];
    if (victim === undefined) continue;
    process.kill(victim, "SIGKILL");
    killed += 1;
  }
  now.isOver = true;
  await Promise.all(working);
  expect(await soon(() => given.every((id) => ended.has(id)))).toBe(true);
  const twice = [...ended].filter(([, all]) => all.length > 1);
  expect(twice).toEqual([]);
  const faults: string[] = [];
  for (const id of given) {
    const { task_status: status, result } = await ask(`/tasks/${id}`);
    // A task that was in hand at two kills has failed, and says so.
    if (status === "failed" && ended.get(id)?.[0]?.error?.code === "worker-died") continue;
    const files = (result ?? []).filter((address: string) =>
      existsSync(join(main.outputs, ...new URL(address).pathname.split("/").slice(-2))),
    );
    if (status !== "finished" || files.length !== 1)
      faults.push(`${id}: ${status}, ${files.length} pictures`);
  }
  expect(faults).toEqual([]);
  const engines = (await ask("/v1/engines")) as { name: string }[];
  expect(engines.map(({ name }) => name)).toEqual(["cpu#0", "cpu#1"]);
  // Both work again: one that was killed while it was idle is started by the next task that it gets.
  const longer = { ...small, performance_selection: "Speed", prompt: "a red circle" };
  const pair = async (): Promise<boolean> => {
    const body = JSON.stringify(longer);
    const made = await Promise.all(
      [0, 1].map(async () => {
        const { task_id } = await ask("/v1/engine/generate/", { method: "POST", body });
        return (await ask(`/tasks/${task_id}?wait=60`)).task_status;
      }),
    );
    expect(made).toEqual(["finished", "finished"]);
    return childrenOf(main.child.pid).length === 2;
  };
  let pairs = 0;
  while (pairs < 20 && !(await pair())) pairs += 1;
  expect(pairs).toBeLessThan(20);
  close();
  await main.stop();
  expect(main.child.exitCode).toBe(0);
}, 600_000);
