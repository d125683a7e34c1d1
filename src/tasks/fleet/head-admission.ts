import type { Member } from "#/fleet/roll.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { historyFact, historyMark, refuseNewHistory, refuseOtherHistory } from "./head-history.ts";
import { headPlace, type PlaceConfig, refuseOtherPlace } from "./head-place.ts";
import { refuseName } from "./own-name.ts";
import { placeFact, placeSaid } from "./picture-place.ts";

/** A history that is opened when its time has come. */
export type HistoryToOpen = Readonly<{
  /** Whether it is made when it is opened: then it is no other head's, and one that is refused must leave nothing of it. */
  isNew: boolean;
  open: () => Promise<HistoryStore>;
}>;

/** What a head has that may come to its fleet. */
export type Admitted = Readonly<{ history: HistoryStore; facts: Member["facts"] }>;

/**
 * Whether a head fits those that are there: by its name, the places of its pictures and its history. What it needs for itself is
 * made on the way (marks of folders, a new history), but nothing before it is clear that it is not refused.
 *
 * @param there all members, while no other head can come
 * @throws EngineError `bad-setting` with what is otherwise than the others have it; one of a store
 */
export async function admitHead(
  there: readonly Member[],
  config: PlaceConfig & Readonly<{ id: string }>,
  history: HistoryToOpen,
): Promise<Admitted> {
  const { id } = config;
  refuseName(there, id);
  const others = there.filter((member) => member.role === "head" && member.id !== id);
  const told = placeSaid(others);
  const place = await headPlace(config, told);
  refuseOtherPlace(told, place, config);
  if (history.isNew) refuseNewHistory(others);
  const opened = await history.open();
  const mark = await historyMark(opened);
  refuseOtherHistory(others, mark);
  return { history: opened, facts: { [placeFact]: place, [historyFact]: mark } };
}
