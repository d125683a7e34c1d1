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
  const waiting: T[] = [];
  const reading = { isOver: false, news: Promise.withResolvers<void>() };
  const iterator = items[Symbol.asyncIterator]();
  const read = async (): Promise<void> => {
    try {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        const item = next.value;
        const newest = waiting.at(-1);
        if (newest !== undefined && isReplaceable(newest) && isReplaceable(item)) waiting.pop();
        waiting.push(item);
        reading.news.resolve();
      }
    } finally {
      reading.isOver = true;
      reading.news.resolve();
    }
  };
  const all = read();
  // It is awaited at the end; until then nobody listens.
  all.catch(() => undefined);
  try {
    for (;;) {
      const item = waiting.shift();
      if (item !== undefined) {
        yield item;
        if (waiting.length > 0 || !reading.isOver) await Bun.sleep(milliseconds);
      } else if (reading.isOver) return await all;
      else {
        await reading.news.promise;
        reading.news = Promise.withResolvers<void>();
      }
    }
  } finally {
    // Whoever leaves early ends the reading; it may be waiting for an item, so nobody waits for its end.
    if (!reading.isOver) iterator.return?.().catch(() => undefined);
  }
}
