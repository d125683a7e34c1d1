// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { existsSync } from "node:fs";
import { loadConfig } from "#/config/load.ts";
import { AppError } from "#/lib/errors.ts";
import { createLog, type Log } from "#/lib/log.ts";
import { type App, startApp } from "./app.ts";

/** The flag this program starts itself with as an engine (`isolation: process`, the default). */
const engineFlag = "--engine";

/** The file that runs, also when another version was put in its place since: the two could not talk to each other. */
const thisProgram = "/proc/self/exe";

/** How to start this program as an engine: a binary is its own program, a checkout's is Bun's argument. */
const engineCommand = (): readonly string[] =>
  Bun.main.startsWith("/$bunfs/")
    ? [existsSync(thisProgram) ? thisProgram : process.execPath, engineFlag]
    : [process.execPath, "run", Bun.main, engineFlag];

function main(): void {
  const loaded = loadConfig({ args: process.argv.slice(2), env: process.env });
  if ("help" in loaded) {
    console.log(loaded.help);
    return;
  }
  const log = createLog(loaded.config.log_level);
  for (const note of loaded.notes) log.warn(note);
  const app = startApp(loaded.config, engineCommand(), log);
  console.log(`fooocusd is ready; its documentation is at ${app.url}/docs`);
  leaveOnSignal(app, log);
}

/** One Ctrl-C comes twice where the terminal and a program in between both tell us of it. */
const sameKeyMs = 1000;

/** The first signal lets the picture at hand end; a second one hands it back to the queue and leaves. */
function leaveOnSignal(app: App, log: Log): void {
  let since: number | undefined;
  const failed = (error: unknown): void => {
    log.error("the server did not close in order", { error: String(error) });
    process.exit(1);
  };
  const leave = (): void => {
    const now = performance.now();
    if (since === undefined) {
      since = now;
      app.close().then(() => process.exit(0), failed);
    } else if (now - since > sameKeyMs) app.handBack().then(() => process.exit(1), failed);
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
}

if (process.argv[2] === engineFlag) {
  await import("#/engine/worker.ts");
} else {
  try {
    main();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
