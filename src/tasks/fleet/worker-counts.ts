import type { Json } from "#/api/json.ts";

/** Milliseconds over which rates are told. */
const span = 300_000;

/** A task that a worker had: when it was over, how long it took, and how many pictures came of it. */
type Ran = Readonly<{ at: number; took: number; pictures: number }>;

/** What a worker has done, for whoever looks at the fleet. */
export class WorkerCounts {
  readonly #now: () => number;
  readonly #since: number;
  #recent: readonly Ran[] = [];
  #tasks = 0;
  #pictures = 0;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** A task is over here, whatever became of it. */
  ran(took: number, pictures: number): void {
    const at = this.#now();
    this.#tasks += 1;
    this.#pictures += pictures;
    this.#recent = [...this.#recent.filter((one) => at - one.at < span), { at, took, pictures }];
  }

  /** Tasks and pictures since the start, and per hour over the last five minutes; `busy` is engines at work, on average. */
  get facts(): Readonly<Record<string, Json>> {
    const now = this.#now();
    const recent = this.#recent.filter(({ at }) => now - at < span);
    const over = Math.max(1000, Math.min(span, now - this.#since));
    const sum = (of: (one: Ran) => number): number => recent.reduce((total, one) => total + of(one), 0);
    const hourly = (count: number): number => Math.round((count * 3_600_000) / over);
    return {
      tasks: this.#tasks,
      pictures: this.#pictures,
      tasks_per_hour: hourly(recent.length),
      pictures_per_hour: hourly(sum(({ pictures }) => pictures)),
      busy: Math.round((sum(({ took }) => took) / over) * 100) / 100,
    };
  }
}
