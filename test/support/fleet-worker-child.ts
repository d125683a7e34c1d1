import "#/native/preload.ts";
import { parseFlags } from "#/config/flags.ts";
import { loadConfig } from "#/config/load.ts";
import { createLog } from "#/lib/log.ts";
import { startWorker } from "#/worker-app.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

/**
 * A worker of a fleet in a process of its own, that does all but arithmetic: its engines paint flat colours, and take so long for a
 * step as the variable STEP_MS says (milliseconds), for an answer as ANSWER_MS. It says `ready ID` when it takes tasks.
 */
const { config } = loadConfig({ flags: parseFlags(process.argv.slice(2)), env: process.env });
const log = createLog(config.log_level, { format: config.log_format });
const step = Number(process.env["STEP_MS"] ?? 5);
const names = config.engines.length === 0 ? ["cpu"] : config.engines;
const answer = Number(process.env["ANSWER_MS"] ?? 0);
const script = { beforeStep: () => Bun.sleep(step), beforeAnswer: () => Bun.sleep(answer) };
const open = () => names.map((name) => new ScriptedEngine(script, name));
const app = await startWorker(config, [], log, open);
process.on("SIGTERM", () => void app.close().then(() => process.exit(0)));
void app.left.then(() => app.close().then(() => process.exit(0)));
process.stdout.write(`ready ${app.id}\n`);
