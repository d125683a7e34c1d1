import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { readEvents } from "../../../test/support/read-events.ts";

/** A server that was started for a measurement. */
export type Server = Readonly<{
  url: string;
  pid: number;
  lines: () => readonly string[];
  end: () => Promise<void>;
}>;

/** Where a server is started: the folder of its models, the binary where it is not the checkout's, and flags of its own. */
type Start = Readonly<{
  folder: string;
  binary?: string | undefined;
  flags?: readonly string[];
  /** Where the server's own folder is made; beside the models where it is left out. */
  root?: string;
}>;

/** Starts the server in an empty folder of its own. */
export async function start({ folder, binary, flags: own = [], root: above }: Start): Promise<Server> {
  const root = mkdtempSync(join(resolve(above ?? folder), "run-"));
  const port = 18_000 + (process.pid % 1000);
  const program =
    binary === undefined
      ? [process.execPath, join(import.meta.dir, "../../../src/main.ts")]
      : [resolve(binary)];
  const flags = [
    "--port",
    `${port}`,
    "--also-port",
    "0",
    "--models",
    join(resolve(folder), "models"),
    ...own,
  ];
  const child = Bun.spawn([...program, ...flags], { cwd: root, stdout: "ignore", stderr: "pipe" });
  let log = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) log += decoder.decode(bytes, { stream: true });
  })();
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/openapi.json`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(log);
    await Bun.sleep(20);
  }
  const end = async () => {
    child.kill("SIGTERM");
    await child.exited;
    await reading;
    rmSync(root, { recursive: true });
  };
  return { url, pid: child.pid, lines: () => log.split("\n"), end };
}

/** A moment's name, as {@link follow} knows it, with the milliseconds at which it was reached. */
type Followed = Readonly<{
  reached: ReadonlyMap<string, number>;
  data: Readonly<Record<string, unknown>>;
  at: number;
}>;

/** Follows a task of 512 x 512 to its end, its prompt and steps as the body says; calls back at every step. */
export async function follow(
  url: string,
  asked: Readonly<Record<string, unknown>>,
  onStep: (step: number) => Promise<void> | void = () => undefined,
): Promise<Followed> {
  const body = {
    prompt: "a lighthouse on a cliff",
    loras: [],
    overwrite_width: 512,
    overwrite_height: 512,
    image_seed: 1,
    async_process: true,
    ...asked,
  };
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const record: unknown = await answer.json();
  if (typeof record !== "object" || record === null || !("task_id" in record))
    throw new Error(JSON.stringify(record));
  const reached = new Map<string, number>();
  for await (const { event, data } of readEvents(
    await fetch(`${url}/tasks/${String(record.task_id)}/events`),
  )) {
    if (event === "progress") {
      const key = data["stage"] === "denoising" ? `step ${String(data["step"])}` : String(data["stage"]);
      if (!reached.has(key)) reached.set(key, Number(data["at"]));
      if (data["stage"] === "denoising") await onStep(Number(data["step"]));
    }
    if (event === "settled") return { reached, data, at: Number(data["at"]) };
  }
  throw new Error("the stream ended before the task did");
}

/** Seconds between two moments, in milliseconds. */
export const seconds = (from: number | undefined, to: number | undefined): number =>
  ((to ?? Number.NaN) - (from ?? Number.NaN)) / 1000;

/** Seconds each network took to open, as the server's log says. */
export const opened = (lines: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, network, ms] = /opened a network .*\bnetwork=(\S+).* ms=(\d+)/.exec(line) ?? [];
      return network === undefined ? [] : [[network, Number(ms) / 1000]];
    }),
  );
