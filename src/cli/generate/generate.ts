// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { accessSync, constants, copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSupportsTerminalGraphics } from "supports-terminal-graphics";
import { loadConfig } from "#/config/load.ts";
import { EngineError } from "#/lib/errors.ts";
import { createLog, silentLog } from "#/lib/log.ts";
import type { TaskHappening } from "#/tasks/life-cycle/events.ts";
import type { Ending, Given } from "../invocation.ts";
import { type OwnTasks, withOwnTasks } from "../own-tasks.ts";
import { type Bars, openBars } from "../progress-bars.ts";
import { refuseUnusableGpu } from "../refuse-unusable-gpu.ts";
import { type Interruption, whenInterrupted } from "../when-interrupted.ts";
import { numbered } from "./numbered.ts";
import { requestOf } from "./request-of.ts";
import { shownPicture } from "./show-picture.ts";

/**
 * Makes pictures as the server would, in a folder that goes with the command, and puts them where they are wanted. A server that
 * runs in the same folder is not disturbed.
 *
 * @returns 0 when all pictures were made, 1 when not, 130 or 143 when it was interrupted
 * @throws AppError for what cannot be made
 */
export async function generate({ flags, env, engineCommand, words, options }: Given): Promise<Ending> {
  const output = typeof options["output"] === "string" ? options["output"] : undefined;
  const sets = Array.isArray(options["set"]) ? options["set"].map(String) : [];
  const request = requestOf(words[0] ?? "", sets, output);
  const isForced = options["force"] === true;
  if (output !== undefined) refuseUnwritable(output, isForced, (request.image_number ?? 1) > 1);
  const { config, notes } = loadConfig({ flags, env });
  const isQuiet = options["quiet"] === true;
  const level = isQuiet ? "error" : config.log_level === "info" ? "warn" : config.log_level;
  const log = isQuiet ? silentLog : createLog(level);
  for (const note of notes) log.warn(note);
  await refuseUnusableGpu(config, env);
  const stop = whenInterrupted();
  const bars = openBars("steps");
  const own = {
    config: { ...config, log_level: level },
    engineCommand,
    log,
    hashesIn: config.outputs,
  } as const;
  return await withOwnTasks("generate", own, async (tasks) => {
    try {
      return await drawn(tasks, request, { bars, stop, outputs: tasks.outputs, output, isQuiet, isForced });
    } finally {
      bars.stop();
    }
  });
}

/** Before anything is drawn: what cannot be kept need not be made. */
function refuseUnwritable(output: string, isForced: boolean, several: boolean): void {
  const folder = dirname(output);
  try {
    if (!statSync(folder).isDirectory()) throw new Error("it is no folder");
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    const message = existsSync(folder)
      ? `Nothing can be written into ${folder}; name another folder in --output.`
      : `There is no folder ${folder} for ${output}; make it, or name another in --output.`;
    throw new EngineError("bad-setting", message, { path: output }, cause);
  }
  const first = several ? numbered(output, 1) : output;
  if (!isForced && existsSync(first)) throw isThere(first);
}

const isThere = (path: string): EngineError =>
  new EngineError(
    "bad-setting",
    `${path} is there already and stays as it is; name another file in --output, or say --force.`,
    { path },
  );

type Drawing = Readonly<{
  bars: Bars;
  stop: Interruption;
  outputs: string;
  output: string | undefined;
  isQuiet: boolean;
  /** Whether files that are there are replaced. */
  isForced: boolean;
}>;

async function drawn(
  { tasks }: OwnTasks,
  request: ReturnType<typeof requestOf>,
  drawing: Drawing,
): Promise<Ending> {
  const { bars, stop, isQuiet } = drawing;
  const task = await tasks.submit(request);
  const several = Number(task.request["image_number"]) > 1;
  const bar = isQuiet ? undefined : bars.add("picture");
  const end = (): void => void tasks.control(task.id, "stop").catch(() => undefined);
  // A signal may have come before there was a task.
  if (stop.signal.aborted) end();
  else stop.signal.addEventListener("abort", end);
  const written: string[] = [];
  for await (const event of tasks.watch(task.id, new AbortController().signal)) {
    if (event.type === "progress") bar?.update(event.percent, 100, event.etaMs ?? undefined);
    if (event.type === "image") written.push(await put(event, several, drawing));
    if (event.type !== "settled") continue;
    bar?.done();
    if (!isQuiet) for (const warning of event.warnings) bars.say(warning);
    if (stop.signal.aborted) return stop.code();
    if (event.status === "finished") return 0;
    throw new EngineError("interrupted", event.error?.message ?? `The task ended ${event.status}.`);
  }
  return written.length > 0 ? 0 : 1;
}

/** Puts a picture where it is wanted, shows it and says where it is. */
async function put(
  { image, index }: Extract<TaskHappening, { type: "image" }>,
  several: boolean,
  { outputs, output, isQuiet, isForced, bars }: Drawing,
): Promise<string> {
  const [day = "", name = ""] = new URL(image.url).pathname.split("/").slice(-2).map(decodeURIComponent);
  const kept = join(outputs, day, name);
  const path = output === undefined ? name : numbered(output, several ? index + 1 : undefined);
  try {
    copyFileSync(kept, path, isForced ? 0 : constants.COPYFILE_EXCL);
  } catch (cause) {
    if (existsSync(path) && !isForced) throw isThere(path);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("storage-failed", `${path} cannot be written: ${reason}.`, { path }, cause);
  }
  const shown =
    isQuiet || !process.stdout.isTTY
      ? undefined
      : shownPicture(readFileSync(path), createSupportsTerminalGraphics(process.stdout));
  if (shown !== undefined) bars.say(shown);
  console.log(path);
  return path;
}
