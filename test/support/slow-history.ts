import type { HistoryStore } from "#/stores/history.ts";

/** A history as far away as one behind a network: each method takes its time before and after it is done. */
export function slowHistory(history: HistoryStore, milliseconds: () => number = () => 3): HistoryStore {
  const slow = Object.entries(history).map(([name, method]) => [
    name,
    async (...given: readonly unknown[]) => {
      await Bun.sleep(milliseconds());
      const done: unknown = await (method as (...given: readonly unknown[]) => Promise<unknown>)(...given);
      await Bun.sleep(milliseconds());
      return done;
    },
  ]);
  return Object.fromEntries(slow) as HistoryStore;
}
