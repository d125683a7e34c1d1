import type { Json } from "#/api/json.ts";
import type { WorkerTotals } from "./fleet-view.ts";

/** Milliseconds over which rates are told. */
const span = 300_000;

/** A task that a worker had: when it was over, how long it took, and how many pictures came of it. */
type Ran = Readonly<{ at: number; took: number; pictures: number }>;

/** What a worker has done, for whoever looks at the fleet. */
export class WorkerCounts {
  readonly #now: () => number;
  readonly #since: number;
  /** When each task at hand was begun. */
  readonly #atHand = new Set<Readonly<{ began: number }>>();
  #recent: readonly Ran[] = [];
  #tasks = 0;
  #pictures = 0;
  #steps = 0;
  #putBack = 0;
  #busyMs = 0;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** A task is begun here. @returns to be called with its pictures when it is over, whatever became of it */
  begin(): (pictures: number) => void {
    const one = { began: this.#now() };
    this.#atHand.add(one);
    return (pictures) => {
      const at = this.#now();
      const took = at - one.began;
      this.#atHand.delete(one);
      this.#tasks += 1;
      this.#pictures += pictures;
      this.#busyMs += took;
      this.#recent = [...this.#recent.filter((ran) => at - ran.at < span), { at, took, pictures }];
    };
  }

  /** A step of denoising is done. */
  step(): void {
    this.#steps += 1;
  }

  /** A task goes back to the fleet. */
  putBack(): void {
    this.#putBack += 1;
  }

  get totals(): WorkerTotals {
    const now = this.#now();
    const open = [...this.#atHand].reduce((sum, { began }) => sum + now - began, 0);
    return {
      tasks: this.#tasks,
      pictures: this.#pictures,
      steps: this.#steps,
      putBack: this.#putBack,
      busyMs: this.#busyMs + open,
    };
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
