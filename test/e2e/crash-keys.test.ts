import { afterAll, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { benchFolder } from "../support/task-bench.ts";

/** How often the process is killed; CRASHES=200 for the whole proof. */
const crashes = Number(process.env.CRASHES ?? 12);

/** Clients that ask at once, each for one thing after the other. */
const clients = 4;

const child = join(import.meta.dir, "../support/keyed-child.ts");
const folder = benchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Server = Readonly<{ url: string; kill: () => Promise<void> }>;

async function start(): Promise<Server> {
  const process_ = Bun.spawn([process.execPath, child, folder], { stdout: "pipe", stderr: "inherit" });
  let text = "";
  for await (const bytes of process_.stdout) {
    text += new TextDecoder().decode(bytes);
    const url = /listening (\S+)\n/.exec(text)?.[1];
    if (url === undefined) continue;
    const kill = async (): Promise<void> => {
      process_.kill("SIGKILL");
      await process_.exited;
    };
    return { url, kill };
  }
  throw new Error(`the child ended with ${await process_.exited}`);
}

const small = { style_selections: [], overwrite_step: 2, overwrite_width: 64, overwrite_height: 64 };
const older = { style_selections: [], performance_selection: "Lightning", aspect_ratios_selection: "64*64" };

/** A request: its route, its body, and what of its answer must be the same each time. */
type Asked = Readonly<{ to: string; body: object; accept?: string; same: (text: string) => string }>;

const whole = (text: string): string => text;
const mainRoute = "/v1/engine/generate/";
/** Answered when it has ended. */
const waited = (prompt: string): Asked => ({
  to: mainRoute,
  body: { ...small, prompt },
  same: (text) => JSON.parse(text).task_id,
});
const ways: readonly ((prompt: string) => Asked)[] = [
  (prompt) => ({ to: mainRoute, body: { ...small, prompt, async_process: true }, same: whole }),
  waited,
  (prompt) => ({
    to: mainRoute,
    body: { ...small, prompt, stream_output: true },
    // Cut off, it has no end.
    same: (text) => /"message": "Finished"|"error": /.exec(text)?.[0] ?? cutOff(),
  }),
  (prompt) => ({ to: mainRoute, body: { ...small, prompt }, accept: "image/png", same: whole }),
  (prompt) => ({
    to: "/v1/generation/text-to-image",
    body: { ...older, prompt, async_process: true },
    same: whole,
  }),
  (prompt) => ({ to: "/v1/generation/text-to-image", body: { ...older, prompt }, same: whole }),
];

function cutOff(): never {
  throw new Error("the answer was cut off");
}

async function ask(url: string, key: string, { to, body, accept = "*/*", same }: Asked): Promise<string> {
  const headers = { "idempotency-key": key, accept };
  const answer = await fetch(url + to, { method: "POST", headers, body: JSON.stringify(body) });
  const text = same(Buffer.from(await answer.bytes()).toString("latin1"));
  // A task that was in hand at two kills has failed, and says so each time.
  if (answer.status !== 200 && answer.status !== 500) throw new Error(`${answer.status}: ${text}`);
  return `${answer.status} ${text}`;
}

/** What is wrong with a task's end, if anything. */
function faultOf({ id, state }: Task): readonly string[] {
  if (state.status !== "settled") return [`${id} is ${state.status}`];
  if (state.outcome === "failed" && state.error?.code === "interrupted") return [];
  if (state.outcome !== "finished") return [`${id} ended ${state.outcome}`];
  const missing = state.images.filter(
    ({ url }) => !existsSync(join(folder, "outputs", ...url.split("/").slice(-2))),
  );
  return [
    ...missing.map(({ url }) => `${id} lacks ${url}`),
    ...(state.images.length === 1 ? [] : [`${id} has no picture`]),
  ];
}

test(`a request that is sent again with its key after each of ${crashes} kills makes one task`, async () => {
  const asked = new Map<string, Asked>();
  const answers = new Map<string, string>();
  const differing: string[] = [];
  let server = await start();
  const now = { dying: false, over: false };
  const counts = { answered: 0, lost: 0 };

  /** Sends one request, again and again, until it is answered once; then says whether it is answered as before. */
  const untilAnswered = async (key: string, request: Asked): Promise<void> => {
    for (;;) {
      const { url } = server;
      const answer = await ask(url, key, request).catch((thrown: unknown) => {
        // Of a server that lives, no answer is a fault.
        if (url === server.url && !now.dying) throw thrown;
        return undefined;
      });
      if (answer === undefined) {
        counts.lost += 1;
        await Bun.sleep(50);
        continue;
      }
      counts.answered += 1;
      const before = answers.get(key);
      if (before !== undefined && before !== answer) differing.push(`${key}: ${before} then ${answer}`);
      answers.set(key, answer);
      return;
    }
  };
  const client = async (): Promise<void> => {
    while (!now.over) {
      const request = ways[asked.size % ways.length]?.(`picture ${asked.size}`);
      if (request === undefined) return;
      const key = crypto.randomUUID();
      asked.set(key, request);
      await untilAnswered(key, request);
    }
  };
  const working = Array.from({ length: clients }, client);
  for (let crash = 0; crash < crashes; crash += 1) {
    await Bun.sleep(Math.random() * 800);
    now.dying = true;
    await server.kill();
    server = await start();
    now.dying = false;
    // The newest, which the kill may have caught, and some of the others.
    const all = [...asked];
    const again = all.filter((_, at) => at >= all.length - 3 * clients || Math.random() < 0.02);
    await Promise.all(again.map(([key, request]) => untilAnswered(key, request)));
  }
  now.over = true;
  await Promise.all(working);
  // Whoever only gave a task in was answered before that had ended: one more is made after all of them, and waited for.
  asked.set(crypto.randomUUID(), waited(`picture ${asked.size}`));
  await Promise.all([...asked].map(([key, request]) => untilAnswered(key, request)));
  await server.kill();

  const history = openHistory(join(folder, "outputs/db.sqlite3"));
  const rows = await history.range({ from: 0, to: Number.MAX_SAFE_INTEGER });
  await history.close();
  const { answered, lost } = counts;
  console.log(
    `${crashes} kills: ${asked.size} keys, ${answered} answers, ${lost} without one, ${rows.length} tasks`,
  );
  expect(differing).toEqual([]);
  expect(asked.size).toBeGreaterThan(crashes);
  expect(answered).toBeGreaterThan(asked.size);
  expect(lost).toBeGreaterThan(crashes / 2);
  expect(rows.length).toBe(asked.size);
  expect(new Set(rows.map(({ request }) => request["prompt"]))).toEqual(
    new Set(Array.from(asked, (_, at) => `picture ${at}`)),
  );
  expect(rows.flatMap(faultOf)).toEqual([]);
}, 3_600_000);
