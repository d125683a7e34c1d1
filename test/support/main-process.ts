import { join } from "node:path";

const main = join(import.meta.dir, "../../src/main.ts");

/** The program itself, as a process of its own. */
export type MainProcess = Readonly<{
  child: Bun.Subprocess;
  /** All it wrote so far. */
  output: Readonly<{ text: string }>;
  /** Where it listens, without a slash at the end; empty if it ended instead. */
  url: string;
  /** Its folder of outputs, unless its flags name another. */
  outputs: string;
  /** Sends SIGTERM and waits. */
  stop: () => Promise<void>;
}>;

/**
 * Starts `src/main.ts` in a folder and waits until it listens, or ends. Each start has outputs and inputs of its own.
 *
 * @param args its flags
 */
export const startMain = (folder: string, ...args: readonly string[]): Promise<MainProcess> =>
  startMainWith({}, folder, ...args);

/** The same with more in its environment than a home and a path. */
export async function startMainWith(
  env: Readonly<Record<string, string>>,
  folder: string,
  ...args: readonly string[]
): Promise<MainProcess> {
  const outputs = join(folder, crypto.randomUUID());
  const child = Bun.spawn(
    [process.execPath, "run", main, "--outputs", outputs, "--inputs", outputs, ...args],
    {
      cwd: folder,
      env: { HOME: folder, PATH: "/usr/bin:/bin", ...env },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const output = { text: "" };
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const bytes of stream) output.text += new TextDecoder().decode(bytes);
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  while (!output.text.includes("is ready") && child.exitCode === null) await Bun.sleep(20);
  const url = /(http:\/\/[^/\s"]+)\/docs/.exec(output.text)?.[1] ?? "";
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    await reading;
  };
  return { child, output, url, outputs, stop };
}
