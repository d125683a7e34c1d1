// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { loadConfig } from "#/config/load.ts";
import { surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog } from "#/lib/log.ts";
import { startWorker } from "#/worker-app.ts";
import type { Ending, Given } from "./invocation.ts";
import { leaveOnSignal } from "./leave-on-signal.ts";
import { refuseUnusableGpu } from "./refuse-unusable-gpu.ts";

/**
 * Makes pictures for a fleet, until it is told to stop by a signal or by the fleet.
 *
 * @throws EngineError as `startWorker`, and where no device that is set can be used
 */
export async function worker({ flags, env, engineCommand }: Given): Promise<Ending> {
  const { config, notes } = loadConfig({ flags, env });
  surviveLostReaders();
  const log = createLog(config.log_level, { format: config.log_format });
  for (const note of notes) log.warn(note);
  await refuseUnusableGpu(config, env);
  const app = await startWorker(config, engineCommand, log);
  leaveOnSignal(app, env, log);
  log.info("this worker takes tasks of the fleet", { worker: app.id, fleet: config.fleet_name });
  void app.left.then(async () => {
    log.info("this worker was told to leave, and has nothing left to do");
    await app.close();
    process.exit(0);
  });
  return undefined;
}
