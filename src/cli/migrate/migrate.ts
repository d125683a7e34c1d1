// Must stay the first import: it opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { existsSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import type { FooocusFolder } from "#/catalog/fooocus-folder.ts";
import type { Flag } from "#/config/flags.ts";
import { loadConfig, ownConfigPath } from "#/config/load.ts";
import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { readPresets } from "#/recipe/read-presets.ts";
import { withShippedStyles } from "#/recipe/shipped.ts";
import { lockFolder } from "#/stores/folder-lock.ts";
import { readOldRecords } from "#/stores/history/old-records.ts";
import { openTakingIn } from "#/stores/history/take-in.ts";
import { takeFile } from "#/stores/images/take-file.ts";
import { publicBase } from "#/tasks/intake/base-url.ts";
import type { Ending, Given } from "../invocation.ts";
import { type Bars, openBars } from "../progress-bars.ts";
import { type Interruption, whenInterrupted } from "../when-interrupted.ts";
import { type Destination, dryDestination, historyOf, ownDestination } from "./destination.ts";
import { tellModels, tellOthers, tellTexts } from "./found-files.ts";
import { launchSettings } from "./launch-flags.ts";
import { readLaunchScripts } from "./launch-scripts.ts";
import { foldersThere, refuseWithoutRoom, takeHistory } from "./old-history.ts";
import { PictureTaker } from "./old-pictures.ts";
import { readOldSettings } from "./old-settings.ts";
import type { OldPlaces } from "./old-tasks.ts";
import { writeOwnConfig } from "./own-config.ts";
import { openReport, type Report } from "./report.ts";

/** The old folder, and what it is. */
type Old = Readonly<{ root: string; isApi: boolean }>;

/**
 * Takes over what a Fooocus or FooocusAPI has, and leaves it as it is: models and texts are used where they are, settings go
 * into our `config.txt`, the history into ours. What is there already stays, so that it may be run again.
 *
 * @returns 0 when all was taken that has a place here, 1 when something could not be, 130 or 143 when it was interrupted
 * @throws EngineError `bad-setting`, `storage-failed` before anything is written
 */
export async function migrate({ flags, env, options }: Given): Promise<Ending> {
  const old = oldFolder(flags, options["fooocusapi"]);
  const isDry = options["dryRun"] === true;
  const isJson = options["json"] === true;
  const stop = whenInterrupted();
  const report = openReport((line) => (isJson ? undefined : console.log(line)));
  const ownFlags = flags.filter(({ flag }) => flag !== "--fooocus");
  const { config: own } = loadConfig({ flags: ownFlags, env: { ...env, FOOOCUSD_FOOOCUS: "" } });
  refuseOldPlaces(old.root, own);

  const settings = readOldSettings(old.root, report);
  const launch = launchSettings(readLaunchScripts(old.root), old.isApi, report);
  const wildcards = settings.keys.path_wildcards;
  const folder = tellTexts(
    old.root,
    wildcards === undefined ? undefined : resolve(old.root, wildcards),
    report,
  );
  const values = { ...withKnownPreset(launch.values, folder, report), ...settings.folders };
  const places: OldPlaces = {
    outputs: foldersThere(
      [launch.outputs, settings.keys.path_outputs, "outputs"].map((one) =>
        one === undefined ? undefined : resolve(old.root, one),
      ),
    ),
    inputs: join(old.root, "inputs"),
  };
  if (old.isApi && !places.outputs.some((one) => existsSync(historyOf(one))))
    report.left(
      "history",
      `there is no db.sqlite3 in ${places.outputs.join(", ") || "outputs"}: no tasks are known`,
    );
  refuseBucket(own);
  refuseOldOutputs(places, own);
  refuseWithoutRoom(places, own.outputs);

  const path = ownConfigPath(env);
  const ours = { fooocus: old.root, outputs: own.outputs, inputs: own.inputs, ...values };
  writeOwnConfig(path, ours, isDry, report);
  const { config } = loadConfig({
    flags: [...ownFlags, { flag: "--fooocus", value: old.root }],
    env,
  });
  const catalog = new Catalog(config.models);
  tellModels(old.root, catalog, report);
  tellOthers(old.root, report);

  const bars = openBars("steps");
  try {
    await withDestination(own, baseOf(config), isDry, async (into) => {
      const taker = new PictureTaker(worldOf(folder, catalog), into);
      await takeHistory({ places, into, taker, stop: stop.signal, bars, report });
    });
  } finally {
    bars.stop();
  }
  if (isJson) console.log(JSON.stringify(report.said, undefined, 2));
  return endOf(report, { stop, isDry, bars, root: old.root });
}

function endOf(
  report: Report,
  { stop, isDry, bars, root }: Readonly<{ stop: Interruption; isDry: boolean; bars: Bars; root: string }>,
): Ending {
  if (stop.signal.aborted) {
    bars.say("Interrupted; the same command goes on where it was.");
    return stop.code();
  }
  bars.say(
    isDry
      ? "Nothing was written (--dry-run)."
      : `Keep ${root}: models, presets, styles and wildcards are used where they are. fooocusd in this folder starts the server.`,
  );
  return report.isBroken() ? 1 : 0;
}

/** @throws EngineError `bad-setting` where none is named, or what is named is none */
function oldFolder(flags: readonly Flag[], api: unknown): Old {
  const fooocus = flags.findLast(({ flag }) => flag === "--fooocus")?.value;
  const said = typeof api === "string" ? api : fooocus;
  const refuse = (message: string): never => {
    throw new EngineError("bad-setting", message);
  };
  if (said === undefined || said === "")
    return refuse("migrate takes --fooocus <folder> or --fooocusapi <folder>: where the old program is.");
  if (typeof api === "string" && fooocus !== undefined)
    return refuse("migrate takes one folder at a time: --fooocus or --fooocusapi.");
  if (statSync(said, { throwIfNoEntry: false })?.isDirectory() !== true)
    return refuse(`There is no folder ${said}.`);
  const root = realpathSync(said);
  const marks = ["launch.py", "config.txt", "models", "presets", "outputs", "user_path_config.txt"];
  if (!marks.some((mark) => existsSync(join(root, mark))))
    return refuse(`${said} holds nothing of a Fooocus (none of ${marks.join(", ")}).`);
  return { root, isApi: typeof api === "string" };
}

/** Nothing is written into the old folder. */
function refuseOldPlaces(root: string, { outputs, inputs }: Config): void {
  const isInside = (path: string): boolean => `${resolve(path)}${sep}`.startsWith(root + sep);
  const said = { "the working folder": ".", "--outputs": outputs, "--inputs": inputs };
  for (const [what, path] of Object.entries(said)) {
    if (!isInside(path)) continue;
    const message = `${what} is in the old folder ${root}, which is left as it is: make a folder elsewhere, and run this there.`;
    throw new EngineError("bad-setting", message, { path });
  }
}

/** What is taken over are files, and they stay files. */
function refuseBucket({ pictures }: Config): void {
  if (pictures.trim() === "") return;
  const message =
    'migrate takes pictures into the folder of outputs, and the setting pictures names a bucket: run it with --pictures "", then copy the days and the inputs into the bucket (docs/deployment.md#pictures-in-s3).';
  throw new EngineError("bad-setting", message, { key: "pictures" });
}

function refuseOldOutputs({ outputs }: OldPlaces, own: Config): void {
  const ours = foldersThere([own.outputs]);
  if (!ours.some((folder) => outputs.includes(folder))) return;
  const message = `${own.outputs} is where the old program keeps its pictures, and is left as it is: name another folder with --outputs.`;
  throw new EngineError("bad-setting", message, { path: own.outputs });
}

/** A preset that is not there would stop the start. */
function withKnownPreset<Values extends Readonly<{ preset?: unknown }>>(
  values: Values,
  folder: FooocusFolder,
  report: Report,
): Omit<Values, "preset"> {
  const { preset, ...rest } = values;
  if (preset === undefined) return rest;
  const { presets } = readPresets(folder.presets, () => undefined);
  if (preset === "initial" || (typeof preset === "string" && presets.has(preset))) return values;
  report.broken("flags", `--preset ${JSON.stringify(preset)}: there is no such preset`);
  return rest;
}

const worldOf = (folder: FooocusFolder, catalog: Catalog) => ({
  styles: withShippedStyles(folder.styles),
  checkpoints: catalog.names("checkpoints"),
  loras: catalog.names("loras"),
  vaes: catalog.names("vae"),
  sidecar: (checkpoint: string) => catalog.sidecar(checkpoint),
});

const baseOf = ({ base_url, host, port }: Config): string => publicBase({ base_url, host, port });

/** Our folders are ours alone meanwhile: a server would not know of rows that come from elsewhere. */
async function withDestination(
  { outputs, inputs }: Config,
  base: string,
  isDry: boolean,
  work: (into: Destination) => Promise<void>,
): Promise<void> {
  if (isDry) return work(dryDestination(base, idsThere(outputs)));
  const lock = lockFolder(outputs);
  try {
    const history = openTakingIn(historyOf(outputs), (note) => silentLog.warn(note));
    try {
      await work(ownDestination({ base, outputs, inputs, history, takeFile }));
    } finally {
      history.arrange();
      history.close();
    }
  } finally {
    lock.release();
  }
}

/** Which tasks our history has; it is not opened, which would write. */
function idsThere(outputs: string): ReadonlySet<string> {
  const path = historyOf(outputs);
  const records = existsSync(path) ? readOldRecords(path) : undefined;
  try {
    return new Set(records === undefined ? [] : [...records.rows()].map(({ task_id }) => task_id));
  } finally {
    records?.close();
  }
}
