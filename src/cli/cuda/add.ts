import { createInterface } from "node:readline/promises";
import { AppError, EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import { systemSentence } from "#/lib/system-sentence.ts";
import {
  type AddingTo,
  addWheel,
  bytesToFetch,
  dropFetched,
  openForAdding,
  refuseWithoutRoom,
} from "#/native/cuda/add-wheels.ts";
import { unsoundWheels } from "#/native/cuda/folder.ts";
import { bytesOf, unpackedBytes, type Wheel } from "#/native/cuda/set.ts";
import { DownloadFault } from "#/outgoing/download/download-fault.ts";
import type { Ending } from "../invocation.ts";
import { type Bars, openBars } from "../progress-bars.ts";
import { type Interruption, whenInterrupted } from "../when-interrupted.ts";
import { fetchWheel } from "./fetch-wheel.ts";
import { filesOf } from "./wheel-files.ts";

/** What is added, and from where. */
export type Adding = Readonly<{
  /** Wheels, or folders with wheels. */
  paths: readonly string[];
  /** Whether what is missing then is fetched. */
  fetch: boolean;
  /** The index of Python packages that is asked. */
  index: string;
}>;

/**
 * Adds CUDA's libraries from wheels that are there, and fetches the others where that is wanted. What is whole already stays, so the
 * same command goes on after an interruption.
 *
 * @returns 0 when all are there, 1 when something is missing or was refused, 130 or 143 when it was interrupted
 * @throws AppError where nothing could be begun, or there is no room for what is to be fetched
 */
export async function addCuda(to: AddingTo, adding: Adding): Promise<Ending> {
  const system = `${process.platform} on ${process.arch}`;
  if (system !== "linux on x64")
    throw new EngineError(
      "bad-setting",
      `cuda add knows libraries for Linux on x86-64 alone, and this is ${system}.`,
    );
  const files = filesOf(adding.paths, to.set);
  const fetches = adding.fetch || (adding.paths.length === 0 && (await isWanted(to)));
  const release = openForAdding(to);
  const bars = openBars("bytes");
  const stop = whenInterrupted();
  try {
    let refused = 0;
    for (const { path, isNamed } of files)
      if (!stop.signal.aborted && !(await addFile(path, { to, bars, stop }))) refused += isNamed ? 1 : 0;
    const missing = stop.signal.aborted ? [] : await unsoundWheels(to.folder, to.set);
    const lacking = fetches ? await fetchAll(missing, { to, bars, stop, index: adding.index }) : missing;
    if (stop.signal.aborted) return stop.code();
    tellEnd(lacking, { to, bars, fetches });
    return refused > 0 || lacking.length > 0 ? 1 : 0;
  } finally {
    bars.stop();
    release();
  }
}

/** Asks whoever sits there. @throws EngineError where nobody does */
async function isWanted({ folder, set }: AddingTo): Promise<true> {
  const missing = await unsoundWheels(folder, set);
  if (missing.length === 0) return true;
  const what = `${inUnits(bytesOf(missing))} from the Python Package Index, under ${licencesOf(missing)}`;
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const asking = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await asking.question(`Fetch ${what}? [y/N] `);
    asking.close();
    if (/^y(es)?$/i.test(answer.trim())) return true;
  }
  const message = `cuda add what? --fetch fetches ${what}; or name the wheels, or a folder with them (fooocusd cuda lists them).`;
  throw new EngineError("bad-setting", message);
}

const licencesOf = (wheels: readonly Wheel[]): string =>
  [...new Set(wheels.map(({ licence }) => licence))].join(", ");

type Putting = Readonly<{ to: AddingTo; bars: Bars; stop: Interruption }>;

/** @returns whether it is one of the wheels, and its libraries are there now */
async function addFile(path: string, { to, bars, stop }: Putting): Promise<boolean> {
  const bar = bars.add(path.replace(/^.*\//, ""));
  try {
    const { wheel, written } = await addWheel(path, to, {
      signal: stop.signal,
      told: (bytes, one) => bar.update(bytes, unpackedBytes([one])),
    });
    const count = wheel.libraries.length;
    bars.say(
      `${wheel.project} ${wheel.version}: ${count === 1 ? "1 library" : `${count} libraries`} ${written ? "unpacked" : "there already"}.`,
    );
    return true;
  } catch (thrown) {
    if (stop.signal.aborted) {
      bars.say("Interrupted; what is whole stays, and the same command goes on.");
      return false;
    }
    const said = thrown instanceof AppError ? thrown.message : systemSentence(thrown);
    if (said === undefined) throw thrown;
    bars.say(said);
    return false;
  } finally {
    bar.done();
  }
}

/**
 * One after the other: each is taken away when its libraries are there, so that no more than one lies beside them. Where an index is not
 * reached, nobody waits for each of the others to say the same.
 *
 * @returns what is still missing
 */
async function fetchAll(
  missing: readonly Wheel[],
  { to, bars, stop, index }: Putting & Readonly<{ index: string }>,
): Promise<readonly Wheel[]> {
  const lacking: Wheel[] = [];
  if (missing.length > 0) {
    refuseWithoutRoom(to.folder, bytesToFetch(to.folder, missing));
    bars.say(`${inUnits(bytesOf(missing))} are to be fetched, under ${licencesOf(missing)}.`);
  }
  for (const [at, wheel] of missing.entries()) {
    if (stop.signal.aborted) return missing;
    try {
      const { path, wasThere } = await fetchWheel(wheel, to, { bars, signal: stop.signal, index });
      if (!(await addFile(path, { to, bars, stop }))) lacking.push(wheel);
      else if (!wasThere) dropFetched(to.folder, wheel);
    } catch (thrown) {
      if (!(thrown instanceof DownloadFault) && !(thrown instanceof AppError)) throw thrown;
      bars.say(`${wheel.file}: ${thrown.message}`);
      if (thrown instanceof DownloadFault && thrown.kind === "broken")
        return [...lacking, ...missing.slice(at)];
      lacking.push(wheel);
    }
  }
  return lacking;
}

function tellEnd(
  lacking: readonly Wheel[],
  { to, bars, fetches }: Omit<Putting, "stop"> & Readonly<{ fetches: boolean }>,
): void {
  if (lacking.length === 0) return bars.say(`All of CUDA's libraries are in ${to.folder}.`);
  const goesOn = fetches ? "The same command goes on" : "fooocusd cuda add --fetch fetches them";
  bars.say(
    `Still missing: ${lacking.map(({ file }) => file).join(", ")}. ${goesOn}; fooocusd cuda lists where they are to be had.`,
  );
}
