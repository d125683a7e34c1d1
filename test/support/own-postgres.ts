import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import { freePort } from "./free-port.ts";

/** A Postgres of a test's own, in a folder of its own, on a port that was free. */
export type OwnPostgres = Readonly<{
  port: number;
  /** Address of a new, empty database. */
  database: (options?: string) => Promise<string>;
  /** Asks a database as its owner, or as another. */
  ask: (address: string, statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Ends it as an administrator does (`SIGINT`), or a crash; waits until it is gone. */
  stop: (signal?: "SIGINT" | "SIGKILL") => Promise<void>;
  /** Holds it up where it is, or lets it go on. */
  freeze: (frozen: boolean) => void;
  start: () => Promise<void>;
  close: () => Promise<void>;
}>;

const password = "own&password";

/** The address of a database for a user. */
export const addressOf = (port: number, database: string, user = "fooocusd", secret = password): string =>
  `postgres://${user}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${database}`;

const binaries = findBinaries();

/** Why tests of it have to skip; empty where they need not. */
export const noPostgres = binaries === undefined ? " (skipped: no Postgres is installed)" : "";

function findBinaries(): string | undefined {
  const inPath = Bun.which("initdb");
  if (inPath !== null && Bun.which("postgres") !== null) return join(inPath, "..");
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(debian, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
}

/** Whom the server runs as: it refuses to be root. */
function owner(): Readonly<{ uid: number; gid: number }> | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ids = (flag: string) => Number(Bun.spawnSync(["id", flag, "nobody"]).stdout.toString());
  return { uid: ids("-u"), gid: ids("-g") };
}

/** Starts one. @throws where there is none, see {@link noPostgres}, or it does not start within a minute */
export async function startOwnPostgres(settings: readonly string[] = []): Promise<OwnPostgres> {
  if (binaries === undefined) throw new Error(noPostgres);
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-postgres-"));
  const secret = join(folder, "password");
  const data = join(folder, "data");
  writeFileSync(secret, password);
  const as = owner();
  chmodSync(folder, 0o755);
  if (as !== undefined) for (const path of [folder, secret]) chownSync(path, as.uid, as.gid);
  const command = (program: string, ...args: readonly string[]): string[] => [
    ...(as === undefined ? [] : ["setpriv", `--reuid=${as.uid}`, `--regid=${as.gid}`, "--clear-groups"]),
    join(binaries, program),
    ...args,
  ];
  const made = Bun.spawnSync(
    command(
      "initdb",
      "-D",
      data,
      "-A",
      "scram-sha-256",
      "-U",
      "admin",
      `--pwfile=${secret}`,
      "-E",
      "UTF8",
      "--locale=C",
      "-N",
    ),
    { cwd: folder },
  );
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  const port = freePort();
  const log = join(folder, "log");
  const always = [
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
  ];
  const options = [`port=${port}`, ...always, ...settings].flatMap((one) => ["-c", one]);
  let server: ReturnType<typeof Bun.spawn> | undefined;
  const admin = addressOf(port, "postgres", "admin");
  const start = async (): Promise<void> => {
    const running = Bun.spawn(command("postgres", "-D", data, ...options), {
      cwd: folder,
      stdout: "ignore",
      stderr: Bun.file(log),
    });
    server = running;
    await untilReady(admin, () => running.exitCode === null, log);
  };
  const stop = async (signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> => {
    if (server === undefined) return;
    const children = signal === "SIGKILL" ? childrenOf(server.pid) : [];
    server.kill(signal);
    await server.exited;
    // Those of a server that crashed answer on for a while, until they notice.
    for (const pid of children) await ended(pid);
  };
  await start();
  await ask(admin, `CREATE ROLE fooocusd LOGIN PASSWORD '${password}'`);
  let count = 0;
  return {
    port,
    database: async (more = "") => {
      count += 1;
      const name = `of_${count}`;
      await ask(admin, `CREATE DATABASE ${name} OWNER fooocusd ${more}`);
      return addressOf(port, name);
    },
    ask,
    stop,
    freeze: (frozen) => {
      if (server !== undefined)
        for (const pid of [server.pid, ...childrenOf(server.pid)])
          process.kill(pid, frozen ? "SIGSTOP" : "SIGCONT");
    },
    start,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ask(
  address: string,
  statement: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new SQL(address, { max: 1 });
  try {
    return await client.unsafe(statement);
  } finally {
    await client.close();
  }
}

async function untilReady(address: string, isRunning: () => boolean, log: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; ) {
    try {
      await ask(address, "SELECT 1");
      return;
    } catch (thrown) {
      if (performance.now() > deadline || !isRunning())
        throw new Error(await Bun.file(log).text(), { cause: thrown });
    }
    await Bun.sleep(50);
  }
}

async function ended(pid: number): Promise<void> {
  try {
    for (;;) {
      process.kill(pid, "SIGKILL");
      await Bun.sleep(5);
    }
  } catch {
    // It is gone.
  }
}

const childrenOf = (pid: number): readonly number[] =>
  Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)])
    .stdout.toString()
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(Number);
