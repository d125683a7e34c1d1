import type { Brand } from "./brand.ts";

/** 32 lower-case hex digits: a UUID without hyphens. */
export type TaskId = Brand<string, "TaskId">;

const pattern = /^[0-9a-f]{32}$/;

/** The id that a text from outside is; nothing if it cannot be one, and then no task has it. */
export const taskIdOf = (text: string): TaskId | undefined =>
  pattern.test(text) ? (text as TaskId) : undefined;

/** An id that no other task has. */
export const newTaskId = (): TaskId => crypto.randomUUID().replaceAll("-", "") as TaskId;

/**
 * The id that a row of the history is kept under, whatever it looks like: what another program wrote there is listed, and
 * removed with its span of time. Only one that {@link taskIdOf} takes can be asked for.
 */
export const rowTaskId = (text: string): TaskId => text as TaskId;
