/**
 * The browser that the browser tests drive: where one is, and how CI gets one.
 *
 *   node scripts/browser.mjs    installs one where there is none; says how, or why not, and ends with 0 either way
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare, root } from "./setup.mjs";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is: the system's, else the one that playwright-core keeps for itself; undefined where there is none. */
export function findBrowser() {
  const { chromium } = createRequire(import.meta.url)("playwright-core");
  return [...usual, chromium.executablePath()].find((path) => path !== "" && existsSync(path));
}

/** Debian's package; the lists of a new machine are empty, so they are read first. Only root may. */
const aptSteps = [
  ["update", "-qq"],
  ["install", "-qq", "--yes", "--no-install-recommends", "chromium"],
];

const playwright = join(root, "node_modules/playwright-core/cli.js");

const quiet = {
  stdio: "ignore",
  timeout: 300_000,
  env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
};

/** The ways to a browser, each with what it is called: one that is not to be had here fails, and the next is tried. */
const ways = [
  {
    name: "apt-get",
    attempt: () => process.getuid?.() === 0 && aptSteps.every((args) => isDone("apt-get", args)),
  },
  {
    name: "playwright-core",
    attempt: () => isDone(process.execPath, [playwright, "install", "--only-shell", "chromium"]),
  },
];

const isDone = (program, args) => spawnSync(program, args, quiet).status === 0;

function install() {
  for (const { name, attempt } of ways) {
    const began = Date.now();
    if (attempt() && findBrowser() !== undefined) {
      const seconds = ((Date.now() - began) / 1000).toFixed(0);
      return `browser: Chromium was installed by ${name} in ${seconds} s`;
    }
  }
  const tried = ways.map(({ name }) => name).join(" nor ");
  return `browser: neither ${tried} could install a Chromium, so the browser tests are skipped; Debian's package is chromium`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    prepare();
    const found = findBrowser();
    console.error(found === undefined ? install() : `browser: ${found}`);
  } catch (error) {
    console.error(error.message);
  }
}
