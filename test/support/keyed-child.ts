import { writeSync } from "node:fs";
import { ScriptedEngine } from "./scripted-engine.ts";
import { serveBench } from "./served-bench.ts";

/**
 * A server of tasks, with the real routes and history, that somebody kills. Says `listening <address>`.
 *
 * Argument: the folder it works in.
 */
const { url } = await serveBench({
  folder: process.argv[2] ?? "",
  engine: new ScriptedEngine({ beforeStep: () => Bun.sleep(Math.random() * 6) }),
  config: { queue_limit: 1_000_000 },
});
// Written at once: it may be killed the moment after.
writeSync(1, `listening ${url}\n`);
