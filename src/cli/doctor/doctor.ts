// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { loadConfig } from "#/config/load.ts";
import type { Config } from "#/config/schema.ts";
import { engineEntry } from "#/lib/devices.ts";
import { silentLog } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { memoryOf } from "#/native/cuda/memory-of.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { embeddedModels, withEmbeddedModels } from "#/native/models.ts";
import type { Ending, Given } from "../invocation.ts";
import { withOwnTasks } from "../own-tasks.ts";
import { leaveWhenInterrupted } from "../when-interrupted.ts";
import { cardBytes, cardFindings } from "./card.ts";
import type { Finding, Level } from "./finding.ts";
import { gpuFinding } from "./gpu.ts";
import { historyFinding } from "./history.ts";
import { looksAt } from "./looks.ts";
import { machineFindings } from "./machine.ts";
import { picturesFinding } from "./pictures.ts";
import { placeFindings } from "./places.ts";

/**
 * Looks at everything the server needs and prints what it found as it finds it, with the way to mend what is wrong.
 *
 * @returns 1 where something keeps the server from working as it is set, else 0
 */
export async function doctor({ flags, env, engineCommand, options }: Given): Promise<Ending> {
  const { config, notes } = loadConfig({ flags, env });
  leaveWhenInterrupted();
  const isJson = options["json"] === true;
  const { card } = options;
  const planned = typeof card === "string" ? cardBytes(card) : config.gpu_memory;
  const findings: Finding[] = [];
  for await (const finding of findingsOf({ config, notes, env, engineCommand, card: planned })) {
    findings.push(finding);
    if (!isJson) print(finding);
  }
  if (isJson) console.log(JSON.stringify(findings, undefined, 2));
  return findings.some(({ level }) => level === "fault") ? 1 : 0;
}

/** Each as it comes: the last of them takes its time. */
async function* findingsOf({
  config,
  notes,
  env,
  engineCommand,
  card,
}: Readonly<{
  config: Config;
  notes: readonly string[];
  env: Given["env"];
  engineCommand: readonly string[];
  /** Bytes of a card's memory to plan with; 0 is what a card has that is there. */
  card: number;
}>): AsyncGenerator<Finding, void, undefined> {
  const looks = await looksAt(config, env);
  const wanted =
    config.engines.length === 0 ? config.providers : config.engines.map((entry) => engineEntry(entry).device);
  const memories = card > 0 ? [card] : [...new Set(looks.map(({ look }) => memoryOf(look)))];
  yield* [
    { what: "version", level: "good", found: `fooocusd ${version}, Bun ${Bun.version}` },
    ...notes.map(
      (note): Finding => ({
        what: "settings",
        level: "weak",
        found: note,
        mend: "Mend it where it is said.",
      }),
    ),
    ...machineFindings(),
    ...looks.map((one) => gpuFinding(one, wanted)),
    ...memories.flatMap((bytes) => cardFindings(bytes)),
    { what: "libraries", level: "good", found: `ONNX Runtime and libvips are open, from ${libraryFolder()}` },
  ] satisfies readonly Finding[];
  yield* placeFindings(config, withEmbeddedModels(config.models));
  if (config.history !== "") yield await historyFinding(config.history);
  yield* picturesFinding(config);
  const hasCuda = looks.some(({ look }) => look.troubles.length === 0);
  yield await selfTest(config, engineCommand, hasCuda);
}

const signs: Readonly<Record<Level, string>> = { good: "ok   ", weak: "weak ", fault: "FAULT" };

function print({ what, level, found, mend }: Finding): void {
  console.log(`${signs[level]}  ${what.padEnd(11)} ${found}`);
  if (mend !== undefined) console.log(`       ${" ".repeat(11)} -> ${mend}`);
}

/**
 * Draws a small picture with the demo model, on the providers that are set: everything from the text to the file.
 *
 * @param hasCuda whether everything that CUDA needs is there
 */
async function selfTest(
  config: Config,
  engineCommand: readonly string[],
  hasCuda: boolean,
): Promise<Finding> {
  const what = "self-test";
  const demo = embeddedModels() ?? "models";
  const own: Config = {
    ...config,
    log_level: "error",
    models: [demo],
    preset: "default",
    always_download: false,
  };
  const mend = "Name what works with --providers cpu; if that fails as well, the sentence says why.";
  try {
    return await withOwnTasks("doctor", { config: own, engineCommand, log: silentLog }, async ({ tasks }) => {
      const begun = performance.now();
      const fields = {
        prompt: "a red circle",
        overwrite_width: 256,
        overwrite_height: 256,
        overwrite_step: 2,
      };
      const { id } = await tasks.submit({ ...fields, base_model_name: "fooocusd-demo.safetensors" });
      const task = await tasks.settled(id, AbortSignal.timeout(120_000));
      const state = task?.state;
      if (state?.status === "settled" && state.outcome === "finished") {
        const { device, refused } = tasks.engineState();
        const found = `a small picture was drawn on ${device ?? "nobody says what"} in ${Math.round(performance.now() - begun)} ms`;
        // That CUDA is not there was said before; that it is, and does not compute, shows here alone.
        const failing = hasCuda ? refused.find((one) => one.device === "cuda") : undefined;
        return failing === undefined
          ? { what, level: "good", found }
          : { what, level: "weak", found, mend: failing.reason };
      }
      const why = state?.status === "settled" ? state.error?.message : "it took more than two minutes";
      return { what, level: "fault", found: `no picture was drawn: ${why ?? "nobody says why"}`, mend };
    });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { what, level: "fault", found: reason, mend };
  }
}
