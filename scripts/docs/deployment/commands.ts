import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkMounts, checkPorts, containerStart, readCompose, readImage } from "./container.ts";
import type { Followed } from "./follow.ts";
import type { Machine } from "./machine.ts";
import { type Running, start, startUnit } from "./service.ts";

/** What runs, by the name that commands have for it. */
export type Servers = Map<string, Running>;

type Rule = Readonly<{
  what: RegExp;
  how: (match: RegExpExecArray, machine: Machine, servers: Servers) => Promise<Followed> | Followed;
}>;

const compose = "docker compose";

const checked = (how: string): Followed => ({ did: "checked", how });
const ran = (how: string): Followed => ({ did: "ran", how });

/** Every command of the page is one of these; the first that fits says how it is followed. */
const rules: readonly Rule[] = [
  {
    what: /^fooocusd cuda add (?:--fetch|\S+)$/,
    how: () => checked("CUDA's libraries are not fetched here"),
  },
  { what: /^(?:install|mkdir|mv|curl|fooocusd) /s, how: ranAsItIs },
  { what: /^systemctl daemon-reload$/, how: (_, machine) => verifyUnits(machine) },
  { what: /^systemctl (enable --now|restart|stop|status --no-pager) (\w+)$/, how: systemctl },
  {
    what: /^docker build (?:--target (\w+) )?-t \S+ \.$/,
    how: ([, stage = "cpu"]) => {
      readImage(stage);
      return checked(`the Dockerfile has the stage ${stage}; it is not built here`);
    },
  },
  { what: /^docker run --rm -p (\S+) ((?:\\\n| |-v \S+)+)fooocusd$/, how: dockerRun },
  { what: /^docker compose config --quiet$/, how: (_, machine) => composeConfig(machine) },
  { what: /^docker compose (up --detach --build|logs fooocusd|down)$/, how: composeCommand },
];

/** @throws Error for what fails, and for a command that no rule is about */
export async function followCommand(command: string, machine: Machine, servers: Servers): Promise<Followed> {
  for (const { what, how } of rules) {
    const match = what.exec(command);
    if (match === null) continue;
    try {
      return await how(match, machine, servers);
    } catch (thrown) {
      throw new Error(`${command}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cause: thrown,
      });
    }
  }
  throw new Error(`nobody knows how to follow: ${command}`);
}

async function ranAsItIs({ input }: RegExpExecArray, machine: Machine): Promise<Followed> {
  const out = await machine.run(input);
  const file = / -o (\S+)/.exec(input)?.[1];
  if (file !== undefined && !isPng(join(machine.folder, file))) throw new Error(`${file} is no picture`);
  return ran(out.trim().split("\n")[0]?.slice(0, 80) ?? "");
}

const isPng = (path: string): boolean =>
  existsSync(path) && readFileSync(path).subarray(1, 4).toString("latin1") === "PNG";

async function verifyUnits(machine: Machine): Promise<Followed> {
  if (Bun.which("systemd-analyze") === null) return checked("there is no systemd-analyze here");
  const units = join(machine.root, "etc/systemd/system");
  const verify = ["systemd-analyze", "verify", "--recursive-errors=one", join(units, "fooocusd.service")];
  const child = Bun.spawn(verify, { env: { PATH: "/usr/bin:/bin" }, stdout: "pipe", stderr: "pipe" });
  const said = `${await new Response(child.stdout).text()}${await new Response(child.stderr).text()}`;
  const own = said.split("\n").filter((line) => line.includes("fooocusd.service"));
  if ((await child.exited) !== 0 || own.length > 0) throw new Error(said);
  return checked("systemd-analyze verify finds nothing");
}

async function systemctl(
  [, verb = "", name = ""]: RegExpExecArray,
  machine: Machine,
  servers: Servers,
): Promise<Followed> {
  const running = servers.get(name);
  if (verb.startsWith("status")) {
    const status = running?.status() ?? "";
    if (!status.startsWith("Ready at http")) throw new Error(`its status is ${status}`);
    return checked(`its status is: ${status}`);
  }
  await running?.stop();
  servers.delete(name);
  if (verb !== "stop") servers.set(name, await startUnit(machine, name));
  return checked(`${verb}: as the unit has it, without systemd`);
}

async function dockerRun([, port = "", mounts = ""]: RegExpExecArray, machine: Machine): Promise<Followed> {
  checkPorts([port]);
  checkMounts([...mounts.matchAll(/-v (\S+)/g)].map(([, mount = ""]) => mount));
  await (await start(containerStart(machine))).stop();
  return checked("started and stopped as the image has it, without a container");
}

async function composeConfig(machine: Machine): Promise<Followed> {
  const words = compose.split(" ");
  if (Bun.which("docker") === null || Bun.spawnSync([...words, "version"]).exitCode !== 0)
    return checked("there is no docker compose here");
  await machine.run(`${compose} config --quiet`);
  return ran("docker compose finds nothing");
}

async function composeCommand(
  [, words = ""]: RegExpExecArray,
  machine: Machine,
  servers: Servers,
): Promise<Followed> {
  const text = readFileSync(join(machine.folder, "compose.yaml"), "utf8");
  const running = servers.get(compose);
  if (words.startsWith("up")) servers.set(compose, await start(containerStart(machine, readCompose(text))));
  else if (running === undefined) throw new Error("nothing is up");
  else if (words === "down") {
    await running.stop();
    servers.delete(compose);
  } else if (!running.output().includes('"msg":"fooocusd is ready"')) throw new Error(running.output());
  return checked("as image and file have it, without a container");
}
