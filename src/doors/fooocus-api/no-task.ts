import { RequestError } from "#/lib/errors.ts";

/** The refusal of a task's id that is nobody's, or no id at all. */
export const noTask = (id: string): RequestError =>
  new RequestError("unknown-task", `There is no task ${id.slice(0, 64)}.`);
