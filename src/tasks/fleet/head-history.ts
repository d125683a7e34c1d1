import { randomInt } from "node:crypto";
import type { Member } from "#/fleet/roll.ts";
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
 * @param others the other heads that are there
 * @throws EngineError `bad-setting` where one of them keeps another history
 */
export function refuseOtherHistory(others: readonly Member[], mark: string): void {
  const other = others.find(({ facts }) => facts[historyFact] !== undefined && facts[historyFact] !== mark);
  if (other !== undefined) throw otherHistory(other);
}

/** The same for a history that is not there yet: it is another than that of every other head. @throws EngineError `bad-setting` */
export function refuseNewHistory(others: readonly Member[]): void {
  const other = others.find(({ facts }) => facts[historyFact] !== undefined);
  if (other !== undefined) throw otherHistory(other);
}

function otherHistory({ id }: Member): EngineError {
  const message = `The head ${id} of this fleet keeps another history than this one, and all heads share one; start them with the same --history postgres://USER@HOST/DATABASE, or give this one a fleet of its own with --fleet-name.`;
  return new EngineError("bad-setting", message, { setting: "history" });
}
