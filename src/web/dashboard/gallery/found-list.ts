import type { FoundPage, FoundTask } from "./found.ts";

/** What of the history is loaded: the newest of it, without a gap, down to a row. */
export type FoundList = Readonly<{
  tasks: readonly FoundTask[];
  /** Where to go on; null at the end, undefined before anything came. */
  next: number | null | undefined;
}>;

export type ListChange = Readonly<
  | { kind: "fresh"; page: FoundPage }
  | { kind: "more"; page: FoundPage }
  | { kind: "put"; tasks: readonly FoundTask[] }
  | { kind: "drop"; ids: readonly string[] }
  | { kind: "star"; ids: readonly string[]; starred: boolean }
>;

export const emptyList: FoundList = { tasks: [], next: undefined };

/** The list after a change; pure. */
export function changed(list: FoundList, change: ListChange): FoundList {
  switch (change.kind) {
    case "fresh":
      return change.page;
    case "more":
      return { tasks: merged(list.tasks, change.page.tasks), next: change.page.next };
    case "put": {
      const { next } = list;
      // What lies below what is loaded comes with its page.
      const lowest = next ?? Number.NEGATIVE_INFINITY;
      return next === undefined
        ? list
        : {
            ...list,
            tasks: merged(
              list.tasks,
              change.tasks.filter(({ row }) => row >= lowest),
            ),
          };
    }
    case "drop":
      return { ...list, tasks: list.tasks.filter(({ id }) => !change.ids.includes(id)) };
    case "star":
      return {
        ...list,
        tasks: list.tasks.map((one) =>
          change.ids.includes(one.id) ? { ...one, starred: change.starred } : one,
        ),
      };
  }
}

/** Both, the newest first; of a task that is in both, what came later. */
function merged(known: readonly FoundTask[], come: readonly FoundTask[]): readonly FoundTask[] {
  const later = new Map(come.map((one) => [one.id, one]));
  return [...known.filter(({ id }) => !later.has(id)), ...come].toSorted((a, b) => b.row - a.row);
}
