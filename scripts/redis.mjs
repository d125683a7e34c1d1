/**
 * How CI gets the Redis that tests of a fleet start themselves.
 *
 *   node scripts/redis.mjs    installs one where there is none; says how, or why not, and ends with 0 either way
 */
import { spawnSync } from "node:child_process";

const isThere = () =>
  ["redis-server", "valkey-server"].some((name) => spawnSync(name, ["--version"], quiet).status === 0);

/** Runlevel 1: the package starts no server of its own. */
const quiet = {
  stdio: "ignore",
  timeout: 300_000,
  env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
};

/** Debian's package; the lists of a new machine are empty, so they are read first. Only root may. */
const steps = [
  ["update", "-qq"],
  ["install", "-qq", "--yes", "--no-install-recommends", "redis-server"],
];

function install() {
  const isDone =
    process.getuid?.() === 0 && steps.every((args) => spawnSync("apt-get", args, quiet).status === 0);
  if (isDone && isThere()) return "redis: redis-server was installed by apt-get";
  return "redis: apt-get could not install a Redis, so the tests of a fleet are skipped; Debian's package is redis-server";
}

console.error(isThere() ? "redis: there is one" : install());
