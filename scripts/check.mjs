/** `npm run check`: format, lint, types, dead code, unit tests; the one command before a commit. */
import { checkSteps, runSteps } from "./steps.mjs";

const { failed } = await runSteps(checkSteps);
process.exitCode = failed === 0 ? 0 : 1;
