import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BugError, EngineError } from "#/lib/errors.ts";
import { writeFailure } from "#/lib/no-room.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { KeptPicture, PicturesOnTheWay } from "../images.ts";
import { type StateOnTheWay, stateFrom, stateText } from "./state-on-the-way.ts";

/**
 * Pictures on their way in a folder for each task: a JSON file for each picture, which names the PNG file of it. That file is
 * another one for every pass, and written before it is named, so that a crash leaves the one state or the other.
 *
 * @param youth milliseconds after its last file for which a folder of no task that is known here stays: it may be another server's
 */
export function folderOnTheWay(root: string, youth = Number.NEGATIVE_INFINITY): PicturesOnTheWay {
  const folderOf = (task: TaskId): string => join(root, task);
  return {
    keep: async (task, picture, { png, ...state }) => {
      const folder = folderOf(task);
      await mkdir(folder, { recursive: true });
      const before = readState(folder, picture);
      const file = png === undefined ? before?.file : `${picture}-${state.by ?? "start"}.png`;
      if (png !== undefined && file !== undefined) await replace(folder, file, png);
      if (file === undefined) throw new BugError("A picture on its way was kept without its pixels.");
      const text = stateText({ ...state, file });
      await replace(folder, `${picture}.json`, new TextEncoder().encode(text));
      if (before?.file !== undefined && before.file !== file)
        await rm(join(folder, before.file), { force: true });
      return keptIn(folder, { ...state, file });
    },
    of: async (task) => {
      const folder = folderOf(task);
      const names = existsSync(folder) ? readdirSync(folder) : [];
      return new Map(
        names.flatMap((name) => {
          const picture = /^(\d+)\.json$/.exec(name)?.[1];
          const state = picture === undefined ? undefined : readState(folder, Number(picture));
          return state === undefined ? [] : [[Number(picture), keptIn(folder, state)]];
        }),
      );
    },
    drop: async (task) => rmSync(folderOf(task), { recursive: true, force: true }),
    dropOthers: async (tasks) => {
      const kept: readonly string[] = tasks;
      for (const name of existsSync(root) ? readdirSync(root) : [])
        if (!kept.includes(name) && ageOf(join(root, name)) >= youth)
          rmSync(join(root, name), { recursive: true, force: true });
    },
  };
}

/** Milliseconds since something in a folder was written last; endless for one that is gone. */
const ageOf = (folder: string): number =>
  Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY);

const keptIn = (folder: string, { file, ...state }: StateOnTheWay): KeptPicture => ({
  ...state,
  path: join(folder, file),
});

/** Nothing where there is none, or one that a disk damaged: the picture begins anew then. */
function readState(folder: string, picture: number): StateOnTheWay | undefined {
  const path = join(folder, `${picture}.json`);
  const state = existsSync(path) ? stateFrom(readFileSync(path, "utf8")) : undefined;
  return state !== undefined && existsSync(join(folder, state.file)) ? state : undefined;
}

/** Puts a file in the place of another one in one step; it is on the disk when this returns. */
async function replace(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  try {
    const file = await open(`${path}.tmp`, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(writeFailure(cause), `${path} could not be written: ${words}.`, { path }, cause);
  }
}
