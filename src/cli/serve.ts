// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { startApp } from "#/app.ts";
import { loadConfig } from "#/config/load.ts";
import { LineWriter, surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog, type Log } from "#/lib/log.ts";
import type { LogFormat } from "#/lib/log-words.ts";
import { serviceManager } from "#/native/service-manager.ts";
import type { Ending, Given } from "./invocation.ts";
import { leaveOnSignal } from "./leave-on-signal.ts";
import { refuseUnusableGpu } from "./refuse-unusable-gpu.ts";
import { tellSupervisor } from "./tell-supervisor.ts";

/**
 * Starts the server, which goes on by itself.
 *
 * @throws EngineError as `startApp`, and where no device that is set can be used
 */
export async function serve({ flags, env, engineCommand }: Given): Promise<Ending> {
  const { config, notes } = loadConfig({ flags, env });
  surviveLostReaders();
  const log = createLog(config.log_level, { format: config.log_format });
  for (const note of notes) log.warn(note);
  await refuseUnusableGpu(config, env);
  const app = tellSupervisor(await startApp(config, engineCommand, log), serviceManager(env));
  // Whoever reads that it is ready may stop it at once.
  leaveOnSignal(app, env, log);
  tellReady(app.url, config.log_format, log);
  return undefined;
}

/** The last line of a start: where to go, and what to do there. On standard output it is for who started the server by hand. */
function tellReady(url: string, format: LogFormat, log: Log): void {
  const [dashboard, docs] = [`${url}/dashboard`, `${url}/docs`];
  if (format === "json") return log.info("fooocusd is ready", { dashboard, docs });
  // A server does not wait for a reader that stopped.
  new LineWriter(1).write(
    `fooocusd is ready: open ${dashboard} and say what to draw; the API's documentation is at ${docs}`,
  );
}
