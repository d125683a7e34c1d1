import { readFile } from "node:fs/promises";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { KeptPicture, PicturesOnTheWay } from "../../images.ts";
import { folderOnTheWay } from "../on-the-way.ts";
import { stateFrom, stateText } from "../state-on-the-way.ts";
import type { Bucket } from "./bucket.ts";

/** Milliseconds for which what a task that is not known here left stays: it may be another server's, and wait. */
const young = 7 * 86_400_000;

const top = "on-the-way/";

/**
 * Pictures on their way in a folder of this server, and in the bucket for the server that goes on with them. Where the bucket
 * cannot be reached this server goes on with what it has, since a task is not to fail by it.
 *
 * @param root folder on the disk of this server
 */
export function bucketOnTheWay(root: string, bucket: Bucket, log: Pick<Log, "warn">): PicturesOnTheWay {
  const local = folderOnTheWay(root);
  const touched = new Set<TaskId>();
  const warn = (what: string, thrown: unknown): void => log.warn(what, { error: String(thrown) });
  const put = async (task: TaskId, picture: number, { path, ...state }: KeptPicture): Promise<void> => {
    const png = await readFile(path);
    // By its content, so that the JSON of no pass ever names another one's pixels.
    const file = `${picture}-${new Bun.CryptoHasher("sha256").update(png).digest("hex").slice(0, 32)}.png`;
    const below = `${top}${task}/`;
    if ((await bucket.head(below + file)) === undefined) await bucket.put(below + file, png);
    await bucket.put(`${below}${picture}.json`, new TextEncoder().encode(stateText({ ...state, file })));
    for (const key of await keysOf(bucket, `${below}${picture}-`))
      if (key !== below + file) await bucket.remove(key);
  };
  return {
    keep: async (task, picture, state) => {
      const kept = await local.keep(task, picture, state);
      touched.add(task);
      await put(task, picture, kept).catch((thrown: unknown) =>
        warn("a picture between two passes is kept by this server alone", thrown),
      );
      return kept;
    },
    of: async (task) => {
      touched.add(task);
      await takeOver(task, bucket, local).catch((thrown: unknown) =>
        warn("whether another server has more of a task could not be asked", thrown),
      );
      return await local.of(task);
    },
    drop: async (task) => {
      await local.drop(task);
      if (!touched.delete(task)) return;
      for (const key of await keysOf(bucket, `${top}${task}/`)) await bucket.remove(key);
    },
    dropOthers: async (tasks) => {
      await local.dropOthers(tasks);
      await dropOld(tasks, bucket);
    },
  };
}

/** Brings what the bucket has of a task, and this server has less of. */
async function takeOver(task: TaskId, bucket: Bucket, local: PicturesOnTheWay): Promise<void> {
  const below = `${top}${task}/`;
  const known = await local.of(task);
  for (const key of await keysOf(bucket, below)) {
    const picture = /^(\d+)\.json$/.exec(key.slice(below.length))?.[1];
    const text = picture === undefined ? undefined : await bucket.get(key);
    const said = text === undefined ? undefined : stateFrom(new TextDecoder().decode(text));
    if (said === undefined || said.done <= (known.get(Number(picture))?.done ?? -1)) continue;
    const { file, ...state } = said;
    const png = await bucket.get(below + file);
    if (png !== undefined) await local.keep(task, Number(picture), { ...state, png });
  }
}

async function dropOld(tasks: readonly string[], bucket: Bucket): Promise<void> {
  const newest = new Map<string, number>();
  const keys: (readonly [task: string, key: string])[] = [];
  for await (const { key, at } of bucket.list(top)) {
    const [task = ""] = key.slice(top.length).split("/");
    if (tasks.includes(task)) continue;
    newest.set(task, Math.max(at, newest.get(task) ?? 0));
    keys.push([task, key]);
  }
  for (const [task, key] of keys) if (Date.now() - (newest.get(task) ?? 0) > young) await bucket.remove(key);
}

async function keysOf(bucket: Bucket, below: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(below)) keys.push(key);
  return keys;
}
