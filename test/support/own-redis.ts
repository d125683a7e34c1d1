import { type ChildProcess, spawn } from "node:child_process";
import net from "node:net";
import { temporaryFolder } from "#/lib/temporary-folder.ts";
import { freePort } from "./free-port.ts";

/** A Redis of a test's own, in a folder of its own, on a port that stays the same when it is started again. */
export type OwnRedis = Readonly<{
  port: number;
  url: string;
  /** Ends it as its operator would. */
  stop: () => Promise<void>;
  /** Ends it as a power cut would. */
  kill: () => Promise<void>;
  /** Starts it where it was stopped or killed. */
  start: () => Promise<void>;
  /** It hangs, with its connections open. */
  pause: () => void;
  resume: () => void;
  /** Ends it and drops what it kept. */
  close: () => Promise<void>;
}>;

/** The server that is installed here: `redis-server` or `valkey-server`. */
export const redisServer: string | undefined =
  Bun.which("redis-server") ?? Bun.which("valkey-server") ?? undefined;

/** Why tests with a Redis are skipped here; undefined where they are not. */
export const noRedis: string | undefined =
  redisServer === undefined ? "neither redis-server nor valkey-server is installed" : undefined;

/** @param options further lines of its configuration: `["appendonly", "yes"]` is two words of the command line, and so on */
export async function ownRedis(...options: readonly string[]): Promise<OwnRedis> {
  if (redisServer === undefined) throw new Error(noRedis);
  const folder = temporaryFolder("redis");
  const port = freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""];
  // Redis 6.2 takes the words of a value one by one.
  const given = options.flatMap((word, i) => (i % 2 === 0 ? [`--${word}`] : word.split(" ")));
  const program = redisServer;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(program, [...settings, ...given], { stdio: "ignore" });
    await listening(port);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined) return;
    const over = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGCONT");
    ending.kill(signal);
    await over;
  };
  // A test that fails leaves nothing running.
  process.once("exit", () => child?.kill("SIGKILL"));
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    start,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    close: async () => {
      await end("SIGKILL");
      folder.remove();
    },
  };
}

/** Until it accepts connections; loading its data is another matter. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = net.connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await Bun.sleep(50);
  }
  throw new Error(`The Redis on port ${port} does not start`);
}
