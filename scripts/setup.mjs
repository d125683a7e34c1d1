/**
 * Everything a fresh clone needs, with nothing but Node and npm on the machine: installs the pinned packages when
 * they are absent or differ from package-lock.json, finds Bun among them, and runs it with the arguments given.
 *
 *   node scripts/setup.mjs                    only sets up
 *   node scripts/setup.mjs run src/main.ts    sets up, then `bun run src/main.ts`
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const modules = join(root, "node_modules");

const packagesOf = (lockFile) => JSON.parse(readFileSync(lockFile, "utf8")).packages;

/** npm writes what it installed into a hidden lock file; optional packages for other systems are rightly absent. */
function installedAsLocked() {
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(join(root, "package-lock.json"))).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed[path];
    return found === undefined ? wanted.optional === true : found.version === wanted.version;
  });
}

/**
 * Install scripts stay off: the only one among our packages that does something downloads CUDA libraries from a
 * registry that closed networks lack, and nobody without an NVIDIA GPU needs them (docs/deployment.md).
 */
function install() {
  console.error("setup: installing the packages of package-lock.json (once)");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, error } = spawnSync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (error !== undefined) throw new Error(`setup: npm could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`setup: npm ci ended with code ${status}; its message is above`);
}

/** The Bun executable that npm installed for this machine: the `bun` package itself is only a downloader. */
function findBun() {
  const scope = join(modules, "@oven");
  const name = process.platform === "win32" ? "bun.exe" : "bun";
  const candidates = existsSync(scope) ? readdirSync(scope).map((dir) => join(scope, dir, "bin", name)) : [];
  for (const path of candidates.filter((candidate) => existsSync(candidate))) {
    if (spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0) return path;
  }
  throw new Error(
    `setup: no Bun that runs on this machine (${process.platform} ${process.arch}) in ${scope}. ` +
      "Delete node_modules and try again; Bun needs glibc 2.28 or later and a processor with AVX2.",
  );
}

/** Installs when needed and returns the path of Bun. */
export function prepare() {
  if (!installedAsLocked()) install();
  return findBun();
}

/** Milliseconds between two looks at whether npm is still there. */
const lookEvery = 500;

/**
 * Calls `gone` once when npm, which started this script, has ended: killed outright it cannot hand a signal on, and one
 * that starts scripts through a shell ends the shell only. Who starts the script without npm may leave it running.
 *
 * @returns the way to stop looking
 */
function whenNpmIsGone(gone) {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, lookEvery);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Runs a program in the foreground and stands for it: hands signals on to it, ends it when npm is gone, resolves with
 * its exit code. Node (before 22.15, and then as an experiment only) cannot become another program, so a process stays
 * in between; the server leaves when that one is killed.
 */
export function run(program, args) {
  return new Promise((resolve, reject) => {
    // Whatever opens a network without the program's own preload would report home otherwise; see src/native/telemetry.ts.
    const env = { ORT_DISABLE_TELEMETRY: "1", ...process.env, SETUP_PROCESS: String(process.pid) };
    const child = spawn(program, args, { cwd: root, stdio: "inherit", env });
    const pass = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    const stopLooking = whenNpmIsGone(() => child.kill("SIGTERM"));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      stopLooking();
      for (const name of signals) process.off(name, pass);
      if (signal !== null) console.error(`${program} was ended by ${signal}`);
      resolve(signal === null ? (code ?? 1) : 1);
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const bun = prepare();
    const args = process.argv.slice(2);
    if (args.length > 0) process.exitCode = await run(bun, args);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
