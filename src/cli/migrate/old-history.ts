import { existsSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { diskOf, nearestFolder } from "#/lib/disk-of.ts";
import { AppError, EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import { type OldRecords, readOldRecords } from "#/stores/history/old-records.ts";
import type { KeptImage } from "#/stores/images.ts";
import type { Bars } from "../progress-bars.ts";
import { type Destination, historyOf } from "./destination.ts";
import { type OldPicture, type PictureTaker, picturesIn } from "./old-pictures.ts";
import { lackOf, type OldPlaces, takeTask } from "./old-tasks.ts";
import { type Report, tellSome } from "./report.ts";

/** What a history is taken over with. */
export type Taking = Readonly<{
  places: OldPlaces;
  into: Destination;
  taker: PictureTaker;
  stop: AbortSignal;
  bars: Bars;
  report: Report;
}>;

/** The folders that exist, each once. */
export const foldersThere = (folders: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(
    folders.flatMap((folder) => (folder !== undefined && existsSync(folder) ? [realpathSync(folder)] : [])),
  ),
];

/** Takes the tasks of databases, then the pictures that none of them names. Both can be stopped, and gone on with later. */
export async function takeHistory(taking: Taking): Promise<void> {
  const named = new Set<string>();
  for (const folder of taking.places.outputs)
    if (existsSync(historyOf(folder))) await takeTasks(historyOf(folder), taking, named);
  const pictures = taking.places.outputs.flatMap(picturesIn).filter((picture) => !named.has(keyOf(picture)));
  if (!taking.stop.aborted) await takePictures(pictures, taking);
}

const keyOf = ({ folder, name }: KeptImage): string => `${folder}/${name}`;

async function takeTasks(path: string, taking: Taking, named: Set<string>): Promise<void> {
  const { report } = taking;
  const records = readOrTell(path, report);
  if (records === undefined) return;
  try {
    const bar = taking.bars.add("tasks");
    const missing: string[] = [];
    const lacking: string[] = [];
    const counts = { taken: 0, there: 0 };
    for (const row of records.rows()) {
      if (taking.stop.aborted) break;
      const lack = lackOf(row);
      if (lack !== undefined) {
        lacking.push(`${path}, row ${row.id}: ${lack}; it is left, and its pictures are taken by themselves`);
        continue;
      }
      const task = await takeTask(row, taking.places, taking.into);
      for (const picture of task.pictures) named.add(keyOf(picture));
      missing.push(...task.missing);
      counts[task.isNew ? "taken" : "there"] += 1;
      bar.update(counts.taken + counts.there, records.count);
    }
    bar.done();
    taking.into.flush();
    report.taken("history", `${path}: ${told(counts, "task", "tasks")}`);
    tellSome(
      (sentence) => report.left("history", sentence),
      missing.map((name) => `${name}: a task names this picture, and it is not there`),
    );
    tellSome((sentence) => report.broken("history", sentence), lacking);
    if (records.damage() !== undefined)
      report.broken(
        "history",
        `${path} is damaged (${records.damage()}): what can be read of it is taken (sqlite3's .recover may save more)`,
      );
  } finally {
    records.close();
  }
}

function readOrTell(path: string, report: Report): OldRecords | undefined {
  try {
    const records = readOldRecords(path);
    if (records === undefined)
      report.left(
        "history",
        `${path}: it has no table of FooocusAPI's; its pictures are taken by themselves`,
      );
    return records;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    report.broken("history", thrown.message);
    return undefined;
  }
}

async function takePictures(pictures: readonly OldPicture[], taking: Taking): Promise<void> {
  const { report, bars, stop } = taking;
  const bar = bars.add("pictures");
  const counts = { taken: 0, there: 0 };
  const bare: string[] = [];
  const unreadable: string[] = [];
  for (const [at, picture] of pictures.entries()) {
    if (stop.aborted) break;
    const fate = await taking.taker.take(picture);
    if (fate === "unreadable") unreadable.push(picture.path);
    else counts[fate === "there" ? "there" : "taken"] += 1;
    if (fate === "bare") bare.push(keyOf(picture));
    bar.update(at + 1, pictures.length);
  }
  bar.done();
  taking.into.flush();
  if (counts.taken + counts.there > 0)
    report.taken("pictures", told(counts, "picture without a task", "pictures without a task"));
  tellSome(
    (sentence) => report.left("pictures", sentence),
    bare.map((name) => `${name}: taken, but neither it nor log.html says how it was made`),
  );
  tellSome(
    (sentence) => report.broken("pictures", sentence),
    unreadable.map((path) => `${path}: no picture that can be read`),
  );
}

function told(
  { taken, there }: Readonly<{ taken: number; there: number }>,
  one: string,
  several: string,
): string {
  const now = `${taken} ${taken === 1 ? one : several}`;
  return there === 0 ? now : `${now}; ${there} more ${there === 1 ? "was" : "were"} taken before`;
}

/**
 * Refuses what the disk has no room for. On the same disk pictures get a second name, which takes none.
 *
 * @throws EngineError `storage-failed`
 */
export function refuseWithoutRoom(places: OldPlaces, outputs: string): void {
  const there = nearestFolder(resolve(outputs));
  const others = places.outputs.filter((folder) => statSync(folder).dev !== statSync(there).dev);
  const wanted = others
    .flatMap(picturesIn)
    .filter(({ folder, name }) => !existsSync(join(outputs, folder, name)))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const free = diskOf(there)?.free ?? 0;
  if (wanted <= free) return;
  const message = `There is no room for the old pictures: ${inUnits(wanted)} are to be copied, and ${inUnits(free)} are free in ${there}. Make room, or name a folder on another disk with --outputs.`;
  throw new EngineError("storage-failed", message, { path: there });
}
