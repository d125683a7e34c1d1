import { rmSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import type { LiveLimits } from "#/doors/fooocus-api/live/limits.ts";
import { diskOf } from "#/lib/disk-of.ts";
import { silentLog } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { createMetrics } from "#/metrics/create-metrics.ts";
import { type RouteDependencies, routes } from "#/routes/index.ts";
import { engineWorks } from "#/routes/ready-checks.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { type BenchOptions, benchDoors, openBench, type TaskBench } from "./task-bench.ts";

/** The tasks behind the real routes on a real port. */
export type ServedBench = TaskBench & Readonly<{ url: string }> & AsyncDisposable;

type Served = BenchOptions &
  Partial<Omit<RouteDependencies, "auth" | "doors">> &
  Readonly<{ keys?: readonly string[]; liveLimits?: LiveLimits }>;

/** Starts the whole of HTTP and WebSocket over a bench. `crash` and `close` end the listening too. */
export async function serveBench(options: Served = {}): Promise<ServedBench> {
  const listening = { port: 0 };
  const metrics = createMetrics({ version, runtime: "tests" });
  const bench = await openBench({ countWebhook: metrics.webhook, ...options, port: () => listening.port });
  const { folder, tasks, tools, choices, defaults } = bench;
  const { liveLimits } = options;
  const doors = options.doors ?? benchDoors(options, liveLimits === undefined ? {} : { liveLimits });
  const names = doors.map(({ name }) => name);
  metrics.watch(tasks, { doors: names, queueLimit: 100, disk: () => diskOf(folder) });
  const app = routes({
    doors,
    tasks,
    tools,
    choices,
    defaults,
    images: folderImages(join(folder, "outputs"), join(folder, "inputs"), Math.random),
    catalog: new Catalog([join(folder, "models")]),
    styleNames: ["Fooocus V2", "Random Style"],
    corsOrigins: [],
    log: silentLog,
    meter: metrics.requests,
    metrics,
    readyChecks: [engineWorks(tasks)],
    ...options,
    auth: { keys: options.keys ?? [], protectFiles: false },
  }).listen({ hostname: "127.0.0.1", port: 0 });
  listening.port = app.server?.port ?? 0;
  const stop = () => app.stop(true);
  const close = async () => {
    // Listening ends last, as in the app: readers are told what still happens.
    await tasks.close(1000);
    await stop();
    await bench.history.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...bench,
    url: `http://127.0.0.1:${listening.port}`,
    crash: () => {
      void stop();
      bench.crash();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Whether something comes true within two minutes, which is for ever. */
export async function soon(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await Bun.sleep(5);
  }
  return true;
}
