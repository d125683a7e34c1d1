import type { GenerateRequest } from "#/api/generate.ts";
import { errorOf } from "#/lib/errors.ts";
import { ended } from "#/routes/answers/ended.ts";
import type { DoorParts } from "#/routes/door.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import { resultPath } from "#/stores/images.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { doorName, type Word } from "./name.ts";
import { refusedInA1111Words } from "./reading/field-names.ts";

/** What tasks are made with. */
export type MakingParts = Pick<DoorParts, "tasks" | "images">;

/** A finished picture and its file's bytes. */
export type MadePicture = Readonly<{ image: TaskImage; bytes: Uint8Array }>;

/** A task that has ended, and its pictures. */
export type Made = Readonly<{ task: Task; pictures: readonly MadePicture[] }>;

/**
 * Makes a task of a request and waits for its end.
 *
 * @param warnings what the door tells of it
 * @throws AppError for what cannot be made, in A1111's words, or was not
 */
export async function made(
  asked: GenerateRequest,
  { word, warnings, request }: Readonly<{ word: Word; warnings: readonly string[]; request: Request }>,
  { tasks, images }: MakingParts,
): Promise<Made> {
  const door = { name: doorName, word };
  const { id } = await refusedInA1111Words(() =>
    tasks.submit(asked, { door, warnings, requestId: requestIdOf(request) }),
  );
  const task = await ended(tasks, id, request.signal);
  const { state } = task;
  if (state.status !== "settled") return { task, pictures: [] };
  if (state.error !== null) throw errorOf(state.error);
  const kept = await Promise.all(
    state.images.map(async (image): Promise<readonly MadePicture[]> => {
      const path = await resultPath(image.url, images);
      return path === undefined ? [] : [{ image, bytes: await Bun.file(path).bytes() }];
    }),
  );
  return { task, pictures: kept.flat() };
}
