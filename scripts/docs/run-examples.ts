/**
 * Runs every example of docs/api.md, live.md, legacy-api.md, a1111.md and openai.md against a server of this checkout.
 *
 *     bun scripts/docs/run-examples.ts [PYTHON]
 *
 * PYTHON is an interpreter that has `requests`, `websockets` and `openai`; without them its examples are skipped, as those for
 * curl are where there is none. Ends with 1 when an example failed.
 */
import { allExamples, openStage } from "./stage.ts";

const python = Bun.argv[2] ?? "python3";
const works = (...command: string[]): boolean =>
  Bun.which(command[0] ?? "") !== null && Bun.spawnSync(command).exitCode === 0;
const there = {
  sh: works("curl", "--version"),
  python: works(python, "-c", "import requests, websockets, openai"),
  js: true,
};

const stage = await openStage(python);
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const example of await allExamples()) {
    const name = `docs/${example.page}:${example.line} ${example.language}`;
    if (!there[example.language]) {
      counts.skipped += 1;
      console.log(`skipped ${name}`);
      continue;
    }
    const wrong = await stage.tried(example);
    counts[wrong === undefined ? "passed" : "failed"] += 1;
    console.log(wrong === undefined ? `passed  ${name}` : `FAILED  ${wrong}`);
  }
} finally {
  await stage.close();
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
