import { Catalog } from "#/catalog/catalog.ts";
import { type Downloadable, downloads } from "#/catalog/downloads.ts";
import { readFooocusFolder } from "#/catalog/fooocus-folder.ts";
import { loadConfig } from "#/config/load.ts";
import type { Config } from "#/config/schema.ts";
import { AppError, EngineError } from "#/lib/errors.ts";
import { hashFile } from "#/lib/hash-file.ts";
import { inUnits } from "#/lib/in-units.ts";
import { DownloadFault } from "#/outgoing/download/download-fault.ts";
import { shownAddress } from "#/outgoing/download/shown-address.ts";
import { readPresets } from "#/recipe/read-presets.ts";
import { fetchFile, fileToFetch } from "#/tasks/intake/fetch-file.ts";
import type { Ending, Given } from "../invocation.ts";
import { type Bars, openBars } from "../progress-bars.ts";
import { whenInterrupted } from "../when-interrupted.ts";
import { targetsOf } from "./targets.ts";

/**
 * Fetches what its words name, one file after the other.
 *
 * @returns 0 when all is there, 1 when something is not, 130 or 143 when it was interrupted
 * @throws AppError for words that mean nothing
 */
export async function pull({ flags, env, words, options }: Given): Promise<Ending> {
  const { config } = loadConfig({ flags, env });
  if (options["list"] === true) return list(config);
  if (words.length === 0)
    throw new EngineError(
      "bad-setting",
      "pull what? A preset, the name of a file, or an address; pull --list lists the files.",
    );
  const presets = readPresets(readFooocusFolder(config.fooocus).presets, () => undefined);
  const { files, homeless } = targetsOf(words, presets, options);
  const bars = openBars("bytes");
  const stop = whenInterrupted();
  const { signal } = stop;
  try {
    for (const name of homeless)
      bars.say(`${name}: nobody here knows where it is to be had; put it into its folder.`);
    const ends: Ending[] = [];
    const parts = { bars, signal, compares: options["sha256"] !== undefined };
    for (const file of files) if (!signal.aborted) ends.push(await pullOne(file, config, parts));
    if (signal.aborted) return stop.code();
    return homeless.length > 0 || ends.includes(1) ? 1 : 0;
  } finally {
    bars.stop();
  }
}

/** Fetches one file, unless it is there. */
async function pullOne(
  file: Downloadable,
  config: Config,
  { bars, signal, compares }: Readonly<{ bars: Bars; signal: AbortSignal; compares: boolean }>,
): Promise<Ending> {
  const there = new Catalog(config.models).path(file.folder, file.name);
  if (there !== undefined) {
    const found = compares ? await hashFile(there) : file.sha256;
    if (found === file.sha256) {
      bars.say(`${file.folder}/${file.name}: is there (${there}${compares ? `, SHA-256 ${found}` : ""}).`);
      return 0;
    }
    bars.say(
      `${file.folder}/${file.name}: another file is there (${there}): its SHA-256 is ${found} and should be ${file.sha256}. Move it away, or name this one otherwise with --as.`,
    );
    return 1;
  }
  const to = fileToFetch(file, { models: config.models, mirror: config.hf_mirror });
  const announce = (bytes: number | undefined): void =>
    bars.say(
      `${file.folder}/${file.name}: ${sizeOf(bytes)} from ${shownAddress(to.address)}, ${termsOf(file)}`,
    );
  if (file.bytes !== undefined) announce(file.bytes);
  const bar = bars.add(file.name);
  try {
    const begins = file.bytes === undefined ? { begins: announce } : {};
    const sha256 = await fetchFile(file, to, { ...begins, progress: bar.update, note: bars.say, signal });
    bars.say(`${to.path} is there, SHA-256 ${sha256}${file.sha256 === undefined ? "" : ", as published"}.`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof DownloadFault) && !(thrown instanceof AppError)) throw thrown;
    bars.say(`${file.name}: ${thrown.message}`);
    return 1;
  } finally {
    bar.done();
  }
}

const sizeOf = (bytes: number | undefined): string =>
  bytes === undefined ? "nobody says how large," : inUnits(bytes);

const termsOf = ({ licence }: Downloadable): string =>
  licence === undefined ? "under the licence that its publisher's page names." : `licence ${licence}.`;

function list({ models }: Config): Ending {
  const catalog = new Catalog(models);
  for (const { folder, name, bytes, licence } of downloads) {
    const there = catalog.path(folder, name) === undefined ? " " : "*";
    const size = bytes === undefined ? "" : inUnits(bytes);
    console.log(`${there} ${size.padStart(8)}  ${`${folder}/${name}`.padEnd(64)} ${licence ?? ""}`.trimEnd());
  }
  return 0;
}
