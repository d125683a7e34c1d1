/** One after the other what has the same name, in the order in which it came; what has another waits for nobody. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** @throws what the work throws; who comes after it is not concerned */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const over = done.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(name, over);
    try {
      return await done;
    } finally {
      if (this.#last.get(name) === over) this.#last.delete(name);
    }
  }
}
