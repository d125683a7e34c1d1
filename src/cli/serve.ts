// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { startApp } from "#/app.ts";
import { loadConfig } from "#/config/load.ts";
import { surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog } from "#/lib/log.ts";
import type { Ending, Given } from "./invocation.ts";
import { leaveOnSignal } from "./leave-on-signal.ts";

/**
 * Starts the server, which goes on by itself.
 *
 * @throws EngineError as `startApp`
 */
export function serve({ flags, env, engineCommand }: Given): Ending {
  const { config, notes } = loadConfig({ flags, env });
  surviveLostReaders();
  const log = createLog(config.log_level);
  for (const note of notes) log.warn(note);
  const app = startApp(config, engineCommand, log);
  // Whoever reads that it is ready may stop it at once.
  leaveOnSignal(app, env, log);
  console.log(`fooocusd is ready; its documentation is at ${app.url}/docs`);
  return undefined;
}
