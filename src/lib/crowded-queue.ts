/** When a queue is crowded, and what gives way to newer items then. */
export type Crowding<T> = Readonly<{
  /** Items that wait, from which on the queue is crowded; 0 for one where nothing may wait beside its like. */
  from: number;
  /** Items of one key replace each other; nothing for an item that is never dropped. Asked once for each item. */
  keyOf: (item: T) => string | undefined;
}>;

type Place<T> = Readonly<{ item: T; key: string | undefined }>;

/**
 * What somebody has still to be told, in the order it happened. Once it is crowded, a newer item takes the place of the
 * newest one of its key, at the end: of progress that waits the last is enough. All else waits.
 */
export class CrowdedQueue<T> {
  readonly #crowding: Crowding<T> | undefined;
  /** In order of arrival; an element can be taken out of a set's middle. */
  readonly #places = new Set<Place<T>>();
  readonly #newest = new Map<string, Place<T>>();

  /** @param crowding a queue without one drops nothing */
  constructor(crowding?: Crowding<T>) {
    this.#crowding = crowding;
  }

  get size(): number {
    return this.#places.size;
  }

  /** @returns the item that gave way to this one, if one did */
  push(item: T): T | undefined {
    const key = this.#crowding?.keyOf(item);
    const place = { item, key };
    const older = key === undefined || !this.#isCrowded ? undefined : this.#newest.get(key);
    if (older !== undefined) this.#places.delete(older);
    this.#places.add(place);
    if (key !== undefined) this.#newest.set(key, place);
    return older?.item;
  }

  /** The oldest item, taken out; nothing when none waits. */
  shift(): T | undefined {
    const [oldest] = this.#places;
    if (oldest === undefined) return undefined;
    this.#places.delete(oldest);
    if (oldest.key !== undefined && this.#newest.get(oldest.key) === oldest) this.#newest.delete(oldest.key);
    return oldest.item;
  }

  clear(): void {
    this.#places.clear();
    this.#newest.clear();
  }

  get #isCrowded(): boolean {
    return this.#places.size >= (this.#crowding?.from ?? Number.POSITIVE_INFINITY);
  }
}
