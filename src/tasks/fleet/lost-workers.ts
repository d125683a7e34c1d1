import type { Member } from "#/fleet/roll.ts";

/** Milliseconds for which a worker that was lost is told of, and how many of them. */
const toldFor = 3_600_000;
const most = 100;

/** A worker that went from the roll without a word. */
export type LostWorker = Readonly<{
  member: Member /** When that was noticed, milliseconds since 1970. */;
  at: number;
}>;

/** Workers that went without saying so: killed, hung, or cut off. One that comes back is lost no more. */
export class LostWorkers {
  readonly #now: () => number;
  readonly #lost = new Map<string, LostWorker>();
  /** Who said that it leaves, since the roll was asked for last: what that answers may be older. */
  readonly #left = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get all(): readonly LostWorker[] {
    const since = this.#now() - toldFor;
    return [...this.#lost.values()].filter(({ at }) => at > since);
  }

  /** The roll is about to be asked for. */
  asks(): void {
    this.#left.clear();
  }

  /** It said that it leaves. */
  left(id: string): void {
    this.#left.add(id);
    this.#lost.delete(id);
  }

  /** @returns those of a roll that did not leave while it was on its way */
  still(members: readonly Member[]): readonly Member[] {
    return members.filter(({ id }) => !this.#left.has(id));
  }

  /** Compares a roll with the one before it. */
  compare(before: readonly Member[], members: readonly Member[]): void {
    const there = new Set(members.map(({ id }) => id));
    for (const id of there) this.#lost.delete(id);
    for (const member of before)
      if (member.role === "worker" && !there.has(member.id))
        this.#lost.set(member.id, { member, at: this.#now() });
    for (const id of [...this.#lost.keys()].slice(0, Math.max(0, this.#lost.size - most)))
      this.#lost.delete(id);
  }
}
