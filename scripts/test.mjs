/**
 * `npm test`: everything there is to prove. `npm test -- FILE ...` runs these tests alone (files or folders, and options of
 * `bun test`). The last line is `N passed, N failed, N skipped`.
 */
import { checkSteps, proofSteps, runSteps } from "./steps.mjs";

const wanted = process.argv.slice(2);
const steps =
  wanted.length > 0 ? [{ name: wanted.join(" "), tests: wanted }] : [...checkSteps, ...proofSteps];
const { passed, failed, skipped } = await runSteps(steps);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
