import type { Task } from "#/tasks/life-cycle/task.ts";
import { type JoinedRow, toTask } from "./rows.ts";

/** Characters of rows that are remembered; a row has about 4,000. What was read of them takes a few times as much. */
const mostText = 2 ** 22;

type Known = Readonly<{ row: JoinedRow; task: Task; size: number }>;

/**
 * Rows as tasks, as {@link toTask} reads them, but that one whose columns are those of the last time is the very task of the last
 * time: reading a request without losing a digit takes most of the time of a list. What is compared is all that was read, so
 * nobody has to say when a row changes, another program neither.
 */
export class KnownRows {
  readonly #onDamage: (id: string, damage: string) => void;
  /** By the task's name, the one that was asked for longest ago first. */
  readonly #known = new Map<string, Known>();
  #text = 0;

  /** @param onDamage see {@link toTask} */
  constructor(onDamage: (id: string, damage: string) => void) {
    this.#onDamage = onDamage;
  }

  task(row: JoinedRow): Task {
    const name = row.generate_record.task_id;
    const known = this.#known.get(name);
    if (known !== undefined) this.#forget(name, known);
    if (known !== undefined && isSame(known.row, row)) {
      this.#remember(name, known);
      return known.task;
    }
    let isDamaged = false;
    const task = toTask(row, (id, damage) => {
      isDamaged = true;
      this.#onDamage(id, damage);
    });
    // Damage is told whenever it is seen.
    if (!isDamaged) this.#remember(name, { row, task, size: sizeOf(row) });
    return task;
  }

  #remember(name: string, known: Known): void {
    this.#known.set(name, known);
    this.#text += known.size;
    for (const [oldest, other] of this.#known) {
      if (this.#text <= mostText) return;
      this.#forget(oldest, other);
    }
  }

  #forget(name: string, { size }: Known): void {
    this.#known.delete(name);
    this.#text -= size;
  }
}

type Columns = Readonly<Record<string, unknown>>;

const isSame = (one: JoinedRow, other: JoinedRow): boolean =>
  areSame(one.generate_record, other.generate_record) && areSame(one.fooocusd_task, other.fooocusd_task);

function areSame(one: Columns | null, other: Columns | null): boolean {
  if (one === null || other === null) return one === other;
  for (const column in one) if (one[column] !== other[column]) return false;
  return true;
}

function sizeOf({ generate_record, fooocusd_task }: JoinedRow): number {
  let size = 0;
  for (const value of [...Object.values(generate_record), ...Object.values(fooocusd_task ?? {})])
    if (typeof value === "string") size += value.length;
  return size;
}
