import type { Task, TaskDoor } from "./life-cycle/task.ts";

/**
 * An API by which tasks come in, as far as the tasks care. What is special about one stays in its folder below
 * `src/doors`: a task keeps its door's name and word, and shared code hands the word back without reading it.
 */
export type Door = Readonly<{
  /** Kept with every task; must not change as long as there are histories. */
  name: string;
  /** What becomes of a name (a model's, a style's) that nobody here knows. */
  unknownNames: "refused" | "replaced";
  /** What a task's files are called whose request names none, without number and kind; undefined for day and time. */
  fileStem: (task: Task) => string | undefined;
  /** What is posted when a task has ended. */
  webhookBody: (task: Task) => string;
}>;

/** The table of doors; the first is the main one. */
export type Doors = readonly [main: Door, ...others: Door[]];

/** The door a task came in by. One that this program does not know any more leaves it to the main one. */
export const doorOf = (doors: Doors, { name }: TaskDoor): Door =>
  doors.find((door) => door.name === name) ?? doors[0];
