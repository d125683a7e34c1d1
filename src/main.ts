import { existsSync } from "node:fs";
import { watchOutput } from "#/cli/standard-output.ts";
import { AppError } from "#/lib/errors.ts";
import { LineWriter } from "#/lib/line-writer.ts";
import { systemSentence } from "#/lib/system-sentence.ts";
import { lookFlag } from "#/native/cuda/ask-child.ts";
import { endWithParent } from "#/native/orphan.ts";
import { tryFlag } from "#/native/try-device.ts";

/** The flag this program starts itself with as an engine (`isolation: process`, the default). */
const engineFlag = "--engine";

/** The file that runs, also when another version was put in its place since: the two could not talk to each other. */
const thisProgram = "/proc/self/exe";

/** How to start this program as an engine: a binary is its own program, a checkout's is Bun's argument. */
const engineCommand = (): readonly string[] =>
  Bun.main.startsWith("/$bunfs/")
    ? [existsSync(thisProgram) ? thisProgram : process.execPath, engineFlag]
    : [process.execPath, "run", Bun.main, engineFlag];

/**
 * A signal that reaches the whole group (Ctrl-C, a closed terminal, a service that is stopped) is the server's to answer: it lets the
 * picture at hand end, and tells its engine when to leave. Before anything loads, which takes a while.
 */
const leaveSignalsToTheServer = (): void => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
};

if (process.argv[2] === engineFlag) {
  leaveSignalsToTheServer();
  await import("#/engine/worker.ts");
} else if (process.argv[2] === tryFlag) {
  leaveSignalsToTheServer();
  endWithParent();
  const { tryDeviceHere } = await import("#/engine/try-device.ts");
  await tryDeviceHere(process.argv.slice(3));
  // What was opened may have left threads behind.
  process.exit(0);
} else if (process.argv[2] === lookFlag) {
  leaveSignalsToTheServer();
  endWithParent();
  const { lookInChild } = await import("#/native/cuda/look-child.ts");
  lookInChild(process.argv[3], process.env["CUDA_VISIBLE_DEVICES"]);
  // What was opened may have left threads behind.
  process.exit(0);
} else {
  try {
    const { runProgram } = await import("#/cli/program.ts");
    const args = process.argv.slice(2);
    const lost = watchOutput();
    const code = await runProgram({ args, env: process.env, engineCommand: engineCommand() });
    if (code !== undefined) {
      const sentence = lost();
      if (sentence !== undefined) new LineWriter(2).write(sentence);
      process.exit(sentence === undefined ? code : code || 1);
    }
  } catch (error) {
    const sentence = error instanceof AppError ? error.message : systemSentence(error);
    if (sentence === undefined) throw error;
    new LineWriter(2).write(sentence);
    process.exit(1);
  }
}
