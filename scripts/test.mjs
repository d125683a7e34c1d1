/** `npm test`: everything there is to prove. The last line is `N passed, N failed, N skipped`. */
import { checkSteps, proofSteps, runSteps } from "./steps.mjs";

const { passed, failed, skipped } = await runSteps([...checkSteps, ...proofSteps]);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
