import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DatagramListener, datagramListener } from "../../../test/support/datagram-listener.ts";
import type { Machine } from "./machine.ts";
import { readUnit } from "./unit.ts";

/** A server that runs as its supervisor started it. */
export type Running = Readonly<{
  output: () => string;
  /** What it said of itself. */
  status: () => string;
  /** Asks it to stop. @throws Error when it does not in time, or not in order */
  stop: () => Promise<void>;
}>;

/** What a server is started with. */
export type Start = Readonly<{
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  stopSeconds: number;
}>;

const startSeconds = 60;

/** Starts a service as systemd does (`systemd.service(5)`), and comes back when it says that it is ready. */
export async function startUnit(machine: Machine, name: string): Promise<Running> {
  const unit = readUnit(readFileSync(join(machine.root, `etc/systemd/system/${name}.service`), "utf8"));
  if (unit.type !== "notify")
    throw new Error(`${name} is of type ${unit.type}, and says itself when it is ready`);
  for (const folder of unit.state) mkdirSync(join(machine.root, "var/lib", folder), { recursive: true });
  for (const folder of unit.cache)
    mkdirSync(join(machine.root, "var/cache", folder), { recursive: true, mode: 0o755 });
  const socket = `@fooocusd-deployment-${crypto.randomUUID()}`;
  const watchdog = `${unit.watchdogSeconds * 1e6}`;
  const { TMPDIR, PATH, LANG, FOOOCUSD_PORT } = { ...machine.env } as Record<string, string>;
  const own = { TMPDIR, PATH, LANG, FOOOCUSD_PORT, NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog };
  const listener = datagramListener(socket);
  const running = await start(
    {
      command: unit.command,
      env: { ...own, ...unit.env } as Record<string, string>,
      cwd: unit.folder,
      stopSeconds: unit.stopSeconds,
    },
    listener,
  );
  return running;
}

/** Starts a server and waits until it answers, by itself or as it tells a supervisor. */
export async function start(
  { command, env, cwd, stopSeconds }: Start,
  listener?: DatagramListener,
): Promise<Running> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const written: string[] = [];
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const bytes of stream) written.push(new TextDecoder().decode(bytes));
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const heard: string[] = [];
  const hears = (line: string): boolean => {
    heard.push(...(listener?.received() ?? []).flatMap((text) => text.split("\n")));
    return heard.includes(line);
  };
  const output = (): string => written.join("");
  const isReady = async (): Promise<boolean> =>
    listener === undefined
      ? (await fetch(`http://127.0.0.1:${env["FOOOCUSD_PORT"]}/readyz`).catch(() => undefined))?.ok === true
      : hears("READY=1");
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output()}`);
    return await isReady();
  }, startSeconds);
  return {
    output,
    status: () => {
      hears("");
      return heard.findLast((line) => line.startsWith("STATUS="))?.slice("STATUS=".length) ?? "";
    },
    stop: async () => {
      child.kill("SIGTERM");
      const late = Bun.sleep(stopSeconds * 1000).then(() => "late");
      const code = await Promise.race([child.exited, late]);
      if (code !== 0) child.kill("SIGKILL");
      await collected;
      if (code !== 0) throw new Error(`it was told to stop and ended with ${code}: ${output()}`);
      if (listener !== undefined && !hears("STOPPING=1")) throw new Error("it did not say that it stops");
      listener?.close();
    },
  };
}

async function until(is: () => Promise<boolean>, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await is())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s`);
    await Bun.sleep(50);
  }
}
