import { Inbox } from "#/lib/inbox.ts";

/** How items are spaced. */
export type Pace<T> = Readonly<{
  /** Least time between two items, in milliseconds. */
  milliseconds: number;
  /** Whether an item gives way to a newer one that may give way too. */
  isReplaceable: (item: T) => boolean;
}>;

/**
 * Items one at a time, with a pause after each. They are read on meanwhile: of replaceable ones in a row only the newest
 * waits, all others are kept in their order. The end comes without a pause. A reader that leaves ends the reading.
 *
 * @throws what reading threw, once all that was read is told
 */
export async function* paced<T>(
  items: AsyncIterable<T>,
  { milliseconds, isReplaceable }: Pace<T>,
): AsyncGenerator<T, void, undefined> {
  // Items that may give way do so to those of their own stretch: what stands between two stretches keeps them apart.
  let stretch = 0;
  const stretchOf = (item: T): string | undefined => {
    if (isReplaceable(item)) return `${stretch}`;
    stretch += 1;
    return undefined;
  };
  const waiting = new Inbox<T>({ crowding: { from: 0, keyOf: stretchOf } });
  const reading = { isOver: false };
  const iterator = items[Symbol.asyncIterator]();
  const read = async (): Promise<void> => {
    try {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        waiting.push(next.value);
      waiting.close();
    } catch (thrown) {
      waiting.fail(thrown);
    }
    reading.isOver = true;
  };
  void read();
  try {
    for await (const item of waiting) {
      yield item;
      if (!waiting.isOver) await Bun.sleep(milliseconds);
    }
  } finally {
    // Whoever leaves early ends the reading; it may be waiting for an item, so nobody waits for its end.
    if (!reading.isOver) iterator.return?.().catch(() => undefined);
  }
}
