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
  /** As it is, with the demo model. */
  demoWorker: (name: string, ...flags: readonly string[]) => Promise<FleetProcess>;
  close: () => Promise<void>;
}>;

/** Opens one, of which nothing is started yet. Several over one Redis have names of their own. */
export function openFleetBench(redis: string, fleet = "fooocusd"): FleetBench {
  const folder = temporaryFolder("fleet");
  const started: FleetProcess[] = [];
  const shared = ["--fleet", redis, "--fleet-name", fleet, "--lease-seconds", "5"];
  const places: readonly (readonly [string, string])[] = [
    ["--outputs", join(folder.path, "outputs")],
    ["--inputs", join(folder.path, "inputs")],
    ["--models", join(root, "models")],
  ];
  const start = async (name: string, script: string, words: readonly string[], stepMs = 0) => {
    // What a flag names is not named twice.
    const all = [script, ...words, ...shared, ...places.filter(([flag]) => !words.includes(flag)).flat()];
    const process = await startProcess(folder.path, name, all, stepMs);
    started.push(process);
    return process;
  };
  return {
    folder: folder.path,
    head: (name, ...flags) =>
      start(name, "src/main.ts", ["serve", "--port", "0", "--member-name", name, ...flags]),
    worker: (name, stepMs, ...flags) =>
      start(name, "test/support/fleet-worker-child.ts", ["--member-name", name, ...flags], stepMs),
    demoWorker: (name, ...flags) => start(name, "src/main.ts", ["worker", "--member-name", name, ...flags]),
    close: async () => {
      await Promise.all(started.map((one) => one.kill("SIGKILL")));
      folder.remove();
    },
  };
}

async function startProcess(
  folder: string,
  name: string,
  [script = "", ...words]: readonly string[],
  stepMs: number,
): Promise<FleetProcess> {
  const child = Bun.spawn([process.execPath, "run", join(root, script), ...words], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin", STEP_MS: String(stepMs) },
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = { text: "" };
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const bytes of stream) output.text += new TextDecoder().decode(bytes);
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  while (!/is ready|^ready |takes tasks/m.test(output.text) && child.exitCode === null) await Bun.sleep(20);
  if (child.exitCode !== null) throw new Error(`${name} ended as it started:\n${output.text}`);
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill("SIGCONT");
    child.kill(signal);
    await child.exited;
    await reading;
  };
  const url = /(http:\/\/[^/\s"]+)\/docs/.exec(output.text)?.[1] ?? "";
  return { name, child, output, url, stop: () => kill("SIGTERM"), kill };
}
