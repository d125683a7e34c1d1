/** The steps of `npm run check` and `npm test`: each is one program; a test run is counted by its JUnit report. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { failuresIn, readReport } from "./junit.mjs";
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
 * same time. Where servers, browsers and signals are real (`isOfProcesses`), a machine that stands still for a moment can fail a
 * test: a few files that failed are run again, once, and what passes then is named as unsteady.
 */
export const proofSteps = [
  { name: "golden", tests: ["test/golden"] },
  { name: "contract", tests: ["test/contract"], isOfProcesses: true },
  { name: "clients", tests: ["test/clients"], isOfProcesses: true },
  { name: "build", program: node, args: ["scripts/setup.mjs", "run", "scripts/build.ts"] },
  {
    name: "e2e",
    tests: filesIn("test/e2e", (name) => !ofFleet(name)),
    isOfProcesses: true,
    beside: { name: "e2e of a fleet", tests: filesIn("test/e2e", ofFleet), isOfProcesses: true },
  },
];

/** Where more files than this failed it was no moment's doing. */
const fewFiles = 3;

/**
 * Runs every step, the later ones even when an earlier one failed, and sums up: what failed is told once more at the end, where it
 * is found. A step that is not a test run counts as one: passed or failed.
 *
 * @returns {Promise<{passed: number, failed: number, skipped: number, failedSteps: string[]}>}
 */
export async function runSteps(steps) {
  const bun = prepare();
  const sum = { passed: 0, failed: 0, skipped: 0, failedSteps: [] };
  const [failures, unsteady] = [[], []];
  for (const step of steps) {
    const together = step.beside === undefined ? [step] : [step, step.beside];
    const all = await Promise.all(together.map((one) => runStep(bun, one)));
    for (const [place, counts] of all.entries()) {
      sum.passed += counts.passed;
      sum.failed += counts.failed;
      sum.skipped += counts.skipped;
      if (counts.failed > 0) sum.failedSteps.push(together[place].name);
      failures.push(...counts.failures);
      unsteady.push(...counts.unsteady);
    }
  }
  for (const one of unsteady) tell("unsteady: failed once, passed when it was run again", one);
  for (const one of failures) tell("failed", one);
  if (sum.failedSteps.length > 0) console.log(`\nfailed: ${sum.failedSteps.join(", ")}`);
  return sum;
}

const tell = (what, { file, name, message }) => console.log(`\n${what}: ${file}: ${name}\n${message}`);

async function runStep(bun, step) {
  console.log(`\n== ${step.name}`);
  const started = Date.now();
  const counts = step.tests === undefined ? await runTool(step) : await runTests(bun, step);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`== ${step.name}: ${counts.failed === 0 ? "ok" : "FAILED"} after ${seconds} s`);
  return { ...counts, failures: counts.failures ?? [], unsteady: counts.unsteady ?? [] };
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

async function runTests(bun, { name, tests, isOfProcesses = false }) {
  const first = await runTestsOnce(bun, tests);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const isWhole = first.failures.length === first.failed;
  if (!isOfProcesses || !isWhole || files.length === 0 || files.length > fewFiles) return first;
  console.log(`\n== ${name}: again ${files.join(", ")}`);
  const again = await runTestsOnce(bun, files);
  return again.failures.length === again.failed ? twice(first, again) : first;
}

/** What two runs say together, the second one of the files alone that had failed in the first. */
export function twice(first, again) {
  const fails = ({ file, name }) => again.failures.some((one) => one.file === file && one.name === name);
  return {
    ...first,
    passed: first.passed + first.failed - again.failed,
    failed: again.failed,
    failures: again.failures,
    unsteady: first.failures.filter((one) => !fails(one)),
  };
}

/** A run that crashed leaves no report, or one without a failure: both count as one failed. */
async function runTestsOnce(bun, tests) {
  const scratch = mkdtempSync(join(tmpdir(), "fooocusd-tests-"));
  const report = join(scratch, "report.xml");
  try {
    const options = [`--timeout=${patience}`, "--reporter=junit", `--reporter-outfile=${report}`];
    const code = await run(bun, ["test", ...options, ...tests.map(asPath)]);
    const xml = existsSync(report) ? readFileSync(report, "utf8") : "";
    const counts = readReport(xml) ?? { passed: 0, failed: 0, skipped: 0 };
    const failed = code === 0 ? counts.failed : Math.max(counts.failed, 1);
    return { ...counts, failed, failures: failuresIn(xml) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** To Bun a test's name is a part of a path anywhere, unless it begins with a dot. */
const asPath = (name) => (existsSync(join(root, name)) && !isAbsolute(name) ? `./${name}` : name);
