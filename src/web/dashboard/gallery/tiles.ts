import type { FoundPicture, FoundTask } from "./found.ts";

/** One tile: a picture of a task, or a task that has none. Its key stays the same when others come before it. */
export type GalleryTile = Readonly<{ key: string; task: FoundTask; picture: FoundPicture | undefined }>;

/** The key of a task's picture. */
export const tileKey = (task: string, at: number): string => `${task}/${at}`;

/** The task and the place that a key names. */
export function ofKey(key: string): Readonly<{ id: string; at: number }> {
  const [id = "", at = "0"] = key.split("/");
  return { id, at: Number(at) };
}

/** All pictures of tasks, in their order. */
export const tilesOfTasks = (
  tasks: readonly FoundTask[],
  hidden: ReadonlySet<string>,
): readonly GalleryTile[] =>
  tasks.flatMap((task): readonly GalleryTile[] => {
    if (hidden.has(task.id)) return [];
    // One that was broken off waits to be made again.
    if (task.pictures.length === 0 && task.failure === "") return [];
    if (task.pictures.length === 0) return [{ key: tileKey(task.id, 0), task, picture: undefined }];
    return task.pictures.map((picture, at) => ({ key: tileKey(task.id, at), task, picture }));
  });
