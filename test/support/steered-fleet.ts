import { join } from "node:path";
import { startApp } from "#/app.ts";
import { parseFlags } from "#/config/flags.ts";
import { loadConfig } from "#/config/load.ts";
import { silentLog } from "#/lib/log.ts";
import { temporaryFolder } from "#/lib/temporary-folder.ts";
import { startWorker, type WorkerApp } from "#/worker-app.ts";
import { type OwnRedis, ownRedis } from "./own-redis.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

type Script = ConstructorParameters<typeof ScriptedEngine>[0];

/** A fleet in this very process: a head that listens, and workers with engines that paint flat colours. */
export type SteeredFleet = Readonly<{
  redis: OwnRedis;
  /** Where its members keep pictures, as flags. */
  places: readonly string[];
  url: string;
  worker: (name: string, script?: Script, ...flags: readonly string[]) => Promise<WorkerApp>;
  ask: (path: string, init?: RequestInit) => Promise<Readonly<{ status: number; body: Answer }>>;
  /** Asks for a small picture. @returns its task */
  give: (more?: Readonly<Record<string, unknown>>) => Promise<string>;
}> &
  AsyncDisposable;

/** What a route answers, as far as these tests look at it. */
export type Answer = Awaited<ReturnType<Response["json"]>>;

const small = {
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  async_process: true,
};

/** @param flags further ones of the head */
export async function steeredFleet(...flags: readonly string[]): Promise<SteeredFleet> {
  const redis = await ownRedis("maxmemory-policy", "noeviction");
  const folder = temporaryFolder("steered");
  const places = ["--outputs", join(folder.path, "outputs"), "--inputs", join(folder.path, "inputs")];
  const shared = [...["--fleet", redis.url, "--lease-seconds", "5", "--shutdown-seconds", "1"], ...places];
  const configOf = (...words: readonly string[]) =>
    loadConfig({ flags: parseFlags([...shared, ...words]), env: { HOME: folder.path } }).config;
  const head = await startApp(configOf("--port", "0", "--member-name", "h1", ...flags), [], silentLog);
  const workers: WorkerApp[] = [];
  const ask: SteeredFleet["ask"] = async (path, init) => {
    const answer = await fetch(head.url + path, init);
    return { status: answer.status, body: await answer.json() };
  };
  return {
    redis,
    places,
    url: head.url,
    worker: async (name, script = {}, ...words) => {
      const open = () => [new ScriptedEngine(script, "cpu")];
      const app = await startWorker(configOf("--member-name", name, ...words), [], silentLog, open);
      workers.push(app);
      return app;
    },
    ask,
    give: async (more = {}) => {
      const body = JSON.stringify({ ...small, prompt: "a red circle", ...more });
      const answer = await ask("/v1/engine/generate/", { method: "POST", body });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return answer.body.task_id;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.handBack()));
      await head.close();
      await redis.close();
      folder.remove();
    },
  };
}
