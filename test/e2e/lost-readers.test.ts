import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const models = join(import.meta.dir, "../../models");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-readers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The program in a shell that does something with its output; its own process number lies in a file. */
function startIn(shell: string, name: string, flags: readonly string[]) {
  const port = freePort();
  const pid = join(folder, `${name}.pid`);
  const outputs = join(folder, name);
  const program = [
    process.execPath,
    "run",
    main,
    "--port",
    `${port}`,
    "--also-port",
    "0",
    "--models",
    models,
  ];
  const command = [...program, "--outputs", outputs, "--inputs", outputs, "--log-level", "debug", ...flags];
  // Its exit code is told by a file too: that of a line of programs is its last one's.
  const script = `{ sh -c 'echo $$ > ${pid}; exec "$@"' sh "$@"; echo $? > ${pid}.code; } ${shell}`;
  const child = Bun.spawn(["bash", "-c", script, "bash", ...command], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    pid: () => Number(readFileSync(pid, "utf8")),
    code: () => readFileSync(`${pid}.code`, "utf8").trim(),
  };
}

/** A command of the program in a shell that does something with its output. */
function runIn(shell: string, ...args: readonly string[]) {
  const script = `set -o pipefail; "$@" ${shell}`;
  const ran = Bun.spawnSync(["bash", "-c", script, "bash", process.execPath, "run", main, ...args], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin" },
    stdin: "ignore",
  });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

for (const args of [
  ["--help"],
  ["--version"],
  ["models", "--json"],
  ["complete", "bash"],
  ["complete", "zsh"],
  ["complete", "--", "ser"],
])
  test(`the output of ${args.join(" ")} that cannot be written is no success; one that nobody reads to its end is`, () => {
    const full = runIn("> /dev/full", ...args);
    expect([full.code, full.err]).toEqual([
      1,
      expect.stringMatching(/^Not all of the output could be written: .*no space left on device.*\.\n$/),
    ]);
    expect(runIn("| true", ...args)).toEqual({ code: 0, out: "", err: "" });
    const written = runIn("", ...args);
    expect([written.code, written.err, written.out.endsWith("\n")]).toEqual([0, "", true]);
  });

const request = {
  prompt: "a red circle",
  performance_selection: "Lightning",
  overwrite_width: 256,
  overwrite_height: 256,
  style_selections: [],
};

const weathers = [
  { weather: "whose reader went away", shell: "2>&1 | head -1", isolation: "thread" },
  { weather: "whose reader went away", shell: "2>&1 | head -1", isolation: "process" },
  { weather: "on a full disk", shell: ">/dev/full 2>/dev/full", isolation: "process" },
  { weather: "that is closed", shell: ">&- 2>&-", isolation: "thread" },
] as const;

for (const [index, { weather, shell, isolation }] of weathers.entries()) {
  // An engine that is to have WebGPU and cannot writes a line about it.
  const flags = ["--isolation", isolation, "--providers", "webgpu,cpu"];
  test(`a log ${weather} costs no picture and does not end the server: engine as a ${isolation}`, async () => {
    const { url, child, pid, code } = startIn(shell, `weather-${index}`, flags);
    while ((await fetch(`${url}/tasks`).catch(() => undefined))?.ok !== true) {
      if (child.exitCode !== null) throw new Error("the server ended before it answered");
      await Bun.sleep(50);
    }
    const body = JSON.stringify(request);
    const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ task_status: "finished", progress: 100 });
    process.kill(pid(), "SIGTERM");
    await child.exited;
    expect(code()).toBe("0");
  });
}
