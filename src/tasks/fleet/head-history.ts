import { randomInt } from "node:crypto";
import type { Roll } from "#/fleet/roll.ts";
import { EngineError } from "#/lib/errors.ts";
import type { HistoryStore } from "#/stores/history.ts";

/** Under which name a head says which history it keeps, among its facts. */
export const historyFact = "history";

/** The counter that is another number in every history. */
const counterName = "fleet_history";

/** Milliseconds in which heads that open a new history at the same time agree on its number. */
const agreeing = 300;

/** Which history this is: the same text at every head that has it open, by whatever address. @throws EngineError `storage-failed` */
export async function historyMark(
  history: Pick<HistoryStore, "counter" | "setCounter" | "raiseCounter">,
): Promise<string> {
  const { raiseCounter } = history;
  const kind = raiseCounter === undefined ? "sqlite" : "postgres";
  if ((await history.counter(counterName)) === 0) {
    const number = randomInt(1, 2 ** 47);
    if (raiseCounter === undefined) await history.setCounter(counterName, number);
    else {
      await raiseCounter(counterName, number);
      await Bun.sleep(agreeing);
    }
  }
  return `${kind}:${await history.counter(counterName)}`;
}

/**
 * A head that does not find a task in its history takes it for deleted, and would throw away what another head accepted.
 *
 * @throws EngineError `bad-setting` where another head of the fleet keeps another history
 */
export async function refuseOtherHistory(
  roll: Pick<Roll, "members">,
  mark: string,
  id: string,
): Promise<void> {
  const members = await roll.members();
  const other = members.find(
    ({ role, id: name, facts }) =>
      role === "head" && name !== id && facts[historyFact] !== undefined && facts[historyFact] !== mark,
  );
  if (other === undefined) return;
  const message = `The head ${other.id} of this fleet keeps another history than this one, and all heads share one; start them with the same --history postgres://USER@HOST/DATABASE, or give this one a fleet of its own with --fleet-name.`;
  throw new EngineError("bad-setting", message, { setting: "history" });
}
