/**
 * Requests that are being answered, so that `notifications/cancelled` of the older revisions can end one. It comes as a POST of
 * its own and names nothing but the request's id, which every client counts from 0 by itself; without sessions, who asked is
 * told by key, address and program. Where two requests of one asker have the same id nobody can say which is meant, and none
 * is ended: a picture too many is better than somebody else's that never comes.
 */
export class InFlight {
  readonly #running = new Map<string, Set<AbortController>>();

  /**
   * Notes a request.
   *
   * @param asker who asks, as one text
   * @param id    of the request; `1` and `"1"` are two
   * @returns the signal that tells of its cancellation, and what is called when it is answered
   */
  begin(asker: string, id: string | number): Readonly<{ signal: AbortSignal; end: () => void }> {
    const key = keyOf(asker, id);
    const controller = new AbortController();
    const same = this.#running.get(key) ?? new Set();
    this.#running.set(key, same.add(controller));
    const end = (): void => {
      same.delete(controller);
      if (same.size === 0) this.#running.delete(key);
    };
    return { signal: controller.signal, end };
  }

  /** Ends a request. @returns whether there was exactly one */
  cancel(asker: string, id: string | number): boolean {
    const same = this.#running.get(keyOf(asker, id)) ?? new Set<AbortController>();
    if (same.size !== 1) return false;
    for (const controller of same) controller.abort();
    return true;
  }
}

const keyOf = (asker: string, id: string | number): string => JSON.stringify([asker, id]);
