import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

/** What `npm run build` made. */
export const binary = join(import.meta.dir, "../../dist/fooocusd");

/** A running server in a folder of its own; removed with everything in it by `close`. */
export type RunningBinary = Readonly<{
  /** Without a slash at the end. */
  url: string;
  /** The folder it was started in; `home/` in it is its home. */
  folder: string;
  /** All it wrote so far. */
  output: () => string;
  /** Sends SIGTERM and waits; resolves with the exit code. */
  terminate: () => Promise<number>;
  /** Starts the same server again in the same folder, after `terminate`. */
  restart: () => Promise<RunningBinary>;
  close: () => Promise<void>;
}>;

/** What is in the environment beside home, path, language and folder for temporary files. */
type Environment = Readonly<Record<string, string>>;

/** Starts the binary in an empty folder, with an empty home and these flags, and waits until it answers. */
export async function startBinary(
  flags: readonly string[] = [],
  env: Environment = {},
): Promise<RunningBinary> {
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run "npm run build" first`);
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-e2e-"));
  mkdirSync(join(folder, "home"));
  return startIn(folder, flags, env);
}

/** The same in a folder that is there; `close` removes it, too. */
export function startBinaryIn(folder: string, flags: readonly string[] = []): Promise<RunningBinary> {
  mkdirSync(join(folder, "home"), { recursive: true });
  return startIn(folder, flags, {});
}

async function startIn(folder: string, flags: readonly string[], env: Environment): Promise<RunningBinary> {
  const port = freePort();
  const child = Bun.spawn([binary, "--port", `${port}`, ...flags], {
    cwd: folder,
    env: { HOME: join(folder, "home"), PATH: "/usr/bin:/bin", LANG: "C.UTF-8", TMPDIR: tmpdir(), ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const chunks: string[] = [];
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) chunks.push(decoder.decode(bytes, { stream: true }));
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const output = () => chunks.join("");
  const terminate = async () => {
    child.kill("SIGTERM");
    const code = await child.exited;
    await collected;
    return code;
  };
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child, output);
  return {
    url,
    folder,
    output,
    terminate,
    restart: () => startIn(folder, flags, env),
    close: async () => {
      if (child.exitCode === null) child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, child: Bun.Subprocess, output: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the binary ended with ${child.exitCode}:\n${output()}`);
    const answer = await fetch(`${url}/openapi.json`).catch(() => undefined);
    if (answer?.ok === true) return;
    await Bun.sleep(100);
  }
  child.kill("SIGKILL");
  throw new Error(`the binary did not answer within a minute:\n${output()}`);
}
