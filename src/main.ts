// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { existsSync } from "node:fs";
import { loadConfig } from "#/config/load.ts";
import { AppError } from "#/lib/errors.ts";
import { LineWriter, surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog, type Log } from "#/lib/log.ts";
import { isHangUpIgnored, starterVariable, whenStarterIsGone } from "#/native/starter.ts";
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
  surviveLostReaders();
  const log = createLog(loaded.config.log_level);
  for (const note of loaded.notes) log.warn(note);
  const app = startApp(loaded.config, engineCommand(), log);
  // Whoever reads that it is ready may stop it at once.
  leaveOnSignal(app, log);
  console.log(`fooocusd is ready; its documentation is at ${app.url}/docs`);
}

/** One Ctrl-C comes twice where the terminal and a program in between both tell us of it. */
const sameKeyMs = 1000;

/**
 * The first signal lets the picture at hand end; a second one hands it back to the queue and leaves. A terminal that is
 * closed says so with SIGHUP, and is no reason to lose a picture either; who was started to outlive it (`nohup`) does.
 * The program that started this one for somebody (`scripts/setup.mjs`) counts as a signal when it is gone.
 */
function leaveOnSignal(app: App, log: Log): void {
  let since: number | undefined;
  let code = 0;
  const exit = (): never => process.exit(code);
  const failed = (error: unknown): void => {
    log.error("the server did not close in order", { error: String(error) });
    process.exit(1);
  };
  const leave = (): void => {
    const now = performance.now();
    if (since === undefined) {
      since = now;
      app.close().then(exit, failed);
    } else if (now - since > sameKeyMs) {
      code = 1;
      app.handBack().then(exit, failed);
    }
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  if (!isHangUpIgnored()) process.on("SIGHUP", leave);
  whenStarterIsGone(process.env[starterVariable], () => {
    log.warn("the program that started the server is gone, so it leaves too");
    leave();
  });
}

if (process.argv[2] === engineFlag) {
  // A signal that reaches the whole group (Ctrl-C, a closed terminal, a service that is stopped) is the server's to
  // answer: it lets the picture at hand end, and tells this process when to leave. Before the engine loads, which takes a
  // while.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  await import("#/engine/worker.ts");
} else {
  try {
    main();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    new LineWriter(2).write(error.message);
    process.exit(1);
  }
}
