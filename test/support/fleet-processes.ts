import { join } from "node:path";
import { temporaryFolder } from "#/lib/temporary-folder.ts";

const root = join(import.meta.dir, "../..");

/** A process of a fleet: a head or a worker. */
export type FleetProcess = Readonly<{
  name: string;
  child: Bun.Subprocess;
  output: Readonly<{ text: string }>;
  /** Where a head listens; empty for a worker. */
  url: string;
  /** Ends it as an operator would. */
  stop: () => Promise<void>;
  kill: (signal?: NodeJS.Signals) => Promise<void>;
}>;

/** A fleet in processes of their own, over one Redis and one folder of pictures. */
export type FleetBench = Readonly<{
  folder: string;
  head: (name: string, ...flags: readonly string[]) => Promise<FleetProcess>;
  /** With engines that paint flat colours, and take so many milliseconds for a step. */
  worker: (name: string, stepMs: number, ...flags: readonly string[]) => Promise<FleetProcess>;
  /** The same, of whose answers to questions about pictures each takes so many milliseconds. */
  answerer: (name: string, answerMs: number, ...flags: readonly string[]) => Promise<FleetProcess>;
  /** A worker as the others, started by a command that goes before its own. */
  distantWorker: (
    by: readonly string[],
    name: string,
    stepMs: number,
    ...flags: readonly string[]
  ) => Promise<FleetProcess>;
  /** The program itself, with its engine. */
  realWorker: (name: string, ...flags: readonly string[]) => Promise<FleetProcess>;
  close: () => Promise<void>;
}>;

type Env = Readonly<Record<string, string>>;

/** Opens one, of which nothing is started yet. @param common variables of all its processes */
export function openFleetBench(redis: string, common: Env = {}): FleetBench {
  const folder = temporaryFolder("fleet");
  const started: FleetProcess[] = [];
  const shared = ["--fleet", redis, "--lease-seconds", "5"];
  const places = [
    ...["--outputs", join(folder.path, "outputs"), "--inputs", join(folder.path, "inputs")],
    ...["--models", join(root, "models")],
  ];
  const start = async (name: string, script: readonly string[], words: readonly string[], env: Env = {}) => {
    const all = [...script, ...shared, ...places, ...words];
    const process = await startProcess(folder.path, name, all, { ...common, ...env });
    started.push(process);
    return process;
  };
  return {
    folder: folder.path,
    head: (name, ...flags) =>
      start(name, ["src/main.ts", "serve"], ["--port", "0", "--member-name", name, ...flags]),
    worker: (name, stepMs, ...flags) =>
      start(name, ["test/support/fleet-worker-child.ts"], ["--member-name", name, ...flags], {
        STEP_MS: String(stepMs),
      }),
    answerer: (name, answerMs, ...flags) =>
      start(name, ["test/support/fleet-worker-child.ts"], ["--member-name", name, ...flags], {
        ANSWER_MS: String(answerMs),
      }),
    distantWorker: (by, name, stepMs, ...flags) =>
      start(name, ["test/support/fleet-worker-child.ts"], ["--member-name", name, ...flags], {
        STEP_MS: String(stepMs),
        STARTED_BY: by.join(" "),
      }),
    realWorker: (name, ...flags) =>
      start(name, ["src/main.ts", "worker"], ["--member-name", name, "--engines", "cpu", ...flags]),
    close: async () => {
      await Promise.all(started.map((one) => one.kill("SIGKILL")));
      folder.remove();
    },
  };
}

async function startProcess(
  folder: string,
  name: string,
  [program = "", ...words]: readonly string[],
  env: Env,
): Promise<FleetProcess> {
  const by = (env["STARTED_BY"] ?? "").split(" ").filter((word) => word !== "");
  const child = Bun.spawn([...by, process.execPath, "run", join(root, program), ...words], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/sbin:/usr/bin:/bin", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = { text: "" };
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const bytes of stream) output.text += new TextDecoder().decode(bytes);
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  while (!/is ready|^ready |takes tasks of the fleet/m.test(output.text) && child.exitCode === null)
    await Bun.sleep(20);
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill("SIGCONT");
    child.kill(signal);
    await child.exited;
    await reading;
  };
  const url = /(http:\/\/[^/\s"]+)\/docs/.exec(output.text)?.[1] ?? "";
  return { name, child, output, url, stop: () => kill("SIGTERM"), kill };
}
