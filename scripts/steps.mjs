/** The steps of `npm run check` and `npm test`: each is one program; a test run is counted by its JUnit report. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { prepare, root, run } from "./setup.mjs";

const bin = (name) => join(root, "node_modules", ".bin", name);
const node = process.execPath;

/** What must hold before a commit, cheapest first. A test step names the files and folders it runs. */
export const checkSteps = [
  { name: "format", program: bin("biome"), args: ["check", "--diagnostic-level=error", "."] },
  { name: "lint", program: bin("oxlint"), args: ["--type-aware", "--deny-warnings"] },
  { name: "types", program: bin("tsc"), args: ["--noEmit"] },
  { name: "dead code", program: bin("knip"), args: [] },
  { name: "unit", tests: ["test/unit"] },
];

/** Test files of a folder whose names are wanted. */
const filesIn = (folder, isWanted) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".test.ts") && isWanted(name))
    .map((name) => `${folder}/${name}`);

/** Tests of a fleet mostly wait: for a lease to end, for a server to come back. */
const ofFleet = (name) => name.startsWith("fleet");

/**
 * What follows in a whole proof: the build comes before the tests that start the binary. What a step has `beside` it runs at the
 * same time.
 */
export const proofSteps = [
  { name: "golden", tests: ["test/golden"] },
  { name: "contract", tests: ["test/contract"] },
  { name: "clients", tests: ["test/clients"] },
  { name: "build", program: node, args: ["scripts/setup.mjs", "run", "scripts/build.ts"] },
  {
    name: "e2e",
    tests: filesIn("test/e2e", (name) => !ofFleet(name)),
    beside: { name: "e2e of a fleet", tests: filesIn("test/e2e", ofFleet) },
  },
];

/**
 * Runs every step, the later ones even when an earlier one failed, and sums up. A step that is not a test run
 * counts as one: passed or failed.
 *
 * @returns {Promise<{passed: number, failed: number, skipped: number, failedSteps: string[]}>}
 */
export async function runSteps(steps) {
  const bun = prepare();
  const sum = { passed: 0, failed: 0, skipped: 0, failedSteps: [] };
  for (const step of steps) {
    const together = step.beside === undefined ? [step] : [step, step.beside];
    const all = await Promise.all(together.map((one) => runStep(bun, one)));
    for (const [place, counts] of all.entries()) {
      sum.passed += counts.passed;
      sum.failed += counts.failed;
      sum.skipped += counts.skipped;
      if (counts.failed > 0) sum.failedSteps.push(together[place].name);
    }
  }
  if (sum.failedSteps.length > 0) console.log(`\nfailed: ${sum.failedSteps.join(", ")}`);
  return sum;
}

async function runStep(bun, step) {
  console.log(`\n== ${step.name}`);
  const started = Date.now();
  const counts = step.tests === undefined ? await runTool(step) : await runTests(bun, step.tests);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`== ${step.name}: ${counts.failed === 0 ? "ok" : "FAILED"} after ${seconds} s`);
  return counts;
}

async function runTool({ program, args }) {
  const code = await run(program, args);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/**
 * Milliseconds after which a test hangs. No test is about how fast a machine is, and Bun's five seconds are soon over on a
 * busy one; a timeout in bunfig.toml does nothing.
 */
const patience = 300_000;

/** A run that crashed leaves no report, or one without a failure: both count as one failed. */
async function runTests(bun, tests) {
  const scratch = mkdtempSync(join(tmpdir(), "fooocusd-tests-"));
  const report = join(scratch, "report.xml");
  try {
    const options = [`--timeout=${patience}`, "--reporter=junit", `--reporter-outfile=${report}`];
    const code = await run(bun, ["test", ...options, ...tests.map(asPath)]);
    const counts = existsSync(report) ? readReport(readFileSync(report, "utf8")) : undefined;
    if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 };
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** To Bun a test's name is a part of a path anywhere, unless it begins with a dot. */
const asPath = (name) => (existsSync(join(root, name)) && !isAbsolute(name) ? `./${name}` : name);

/** The totals that JUnit's root element carries; `undefined` when the file is not such a report. */
export function readReport(xml) {
  const head = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (head === undefined) return undefined;
  const total = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = total("failures") + total("errors");
  return { passed: total("tests") - failed - total("skipped"), failed, skipped: total("skipped") };
}
