import type { Duty } from "../life-cycle/create-life-cycle.ts";

/** Whether this head does what one head does for all, and what that is. */
export class Leadership {
  readonly #duties: Duty[] = [];
  #leads = false;

  get leads(): boolean {
    return this.#leads;
  }

  /** Something to be done while this head leads. */
  add(duty: Duty): void {
    this.#duties.push(duty);
    if (this.#leads) duty.begin();
  }

  change(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    for (const duty of this.#duties) {
      if (leads) duty.begin();
      else void duty.end();
    }
  }
}
