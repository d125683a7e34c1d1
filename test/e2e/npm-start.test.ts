import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-npm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const npm = Bun.which("npm");
const node = Bun.which("node");
const said = npm === null ? "0" : Bun.spawnSync([npm, "--version"]).stdout.toString();
const npmVersion = Number.parseInt(said, 10);
const able = process.platform === "linux" && npm !== null && node !== null;

/** Every process of this machine that has ended is none; a zombie has ended. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The process that was started with these words, below /proc. */
function processWith(...words: readonly string[]): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const parts = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (words.every((word) => parts.some((part) => part.endsWith(word)))) return Number(pid);
    } catch {
      // It has ended since the list was made.
    }
  }
  return undefined;
}

/** `npm start` in a process group of its own, and the processes it made, once the server answers. */
async function npmStart() {
  const outputs = join(folder, crypto.randomUUID());
  const flags = ["--port", "0", "--outputs", outputs, "--inputs", outputs, "--models", join(root, "models")];
  const child = Bun.spawn([npm ?? "", "start", "--", ...flags], {
    cwd: root,
    // npm brings its own of this; a server started by tests has none of it.
    env: { HOME: folder, PATH: process.env["PATH"] ?? "" },
    stdout: "pipe",
    stderr: "ignore",
    detached: true,
  });
  let text = "";
  const reading = (async () => {
    for await (const bytes of child.stdout) text += new TextDecoder().decode(bytes);
  })();
  while (!text.includes("is ready")) {
    if (child.exitCode !== null) throw new Error(`npm start ended: ${text}`);
    await Bun.sleep(50);
  }
  const between = processWith("scripts/setup.mjs", outputs);
  const server = processWith("src/main.ts", "/bun", outputs);
  if (between === undefined || server === undefined)
    throw new Error("the processes of npm start were not found");
  return { child, between, server, reading };
}

const kills = [
  ...(npmVersion >= 10
    ? ([
        ["SIGTERM", "npm"],
        ["SIGINT", "npm"],
      ] as const)
    : []),
  ["SIGKILL", "npm"],
  ["SIGTERM", "node"],
  ["SIGINT", "node"],
  ["SIGKILL", "node"],
] as const;

for (const [signal, target] of kills) {
  test.skipIf(!able)(`kill of npm start left the server running: ${signal} to ${target}`, async () => {
    const { child, between, server, reading } = await npmStart();
    process.kill(target === "npm" ? child.pid : between, signal);
    while (isThere(server)) await Bun.sleep(50);
    const code = await child.exited;
    await reading;
    expect([isThere(between), isThere(server)]).toEqual([false, false]);
    if (signal !== "SIGKILL") expect(code).toBe(0);
  });
}
